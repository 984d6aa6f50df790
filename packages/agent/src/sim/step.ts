/** The life of a simulated pod, as a function of time: what has happened by now, and what the agent's own decisions begin next. Pure. */
import type { Pod } from '@skiff/api';
import { podActions } from '../pods/actions.ts';
import { initialBackoffMs, maxBackoffMs } from '../pods/backoff.ts';
import { type Action, type PodFacts, type Setback, targetOf } from '../pods/facts.ts';
import { findDeclared } from '../pods/spec.ts';
import type { ContainerStatus } from '../runtime/contract.ts';
import { label } from '../runtime/labels.ts';
import { begin, fateOf } from './fate.ts';
import type { Life, Task, World } from './life.ts';
import { hash32 } from './luck.ts';

/** A failed pull is called so for this long; then it is a back-off (as in the agent's worker). */
const pullShownMs = 3000;

/** Everything that has come to its end by `now`, in the order of time. `ip` is the address that the pod gets. */
export function settle(life: Life, pod: Pod, ip: string, now: number, world: World): Life {
  for (let next = life; ; ) {
    const happening = earliest(next);
    if (happening === undefined || happening.at > now) return next;
    next = happening.apply(next, pod, ip, world);
  }
}

export interface Step {
  readonly life: Life;
  /** What the API server must be asked or the node forget, which takes no simulated time. */
  readonly ask: 'deleteFromApi' | 'forget' | undefined;
  /** When to look again although nothing changes. */
  readonly wakeAt: number | undefined;
}

/** Begins what the agent decides upon these facts, which must be those of `life`. */
export function proceed(life: Life, facts: PodFacts, world: World): Step {
  const plan = podActions(facts);
  let next = life;
  let ask: Step['ask'];
  for (const action of plan.actions) {
    if (action.type === 'deleteFromApi' || action.type === 'forget') ask = action.type;
    else next = withAction(next, action, facts, world);
  }
  const readyAt = [...next.fates.values()].map((fate) => fate.readyAt).filter((at) => at > facts.now);
  // What was given up is over at once, and makes room for what comes next.
  const again = plan.actions.some(({ type }) => type === 'cancel') ? facts.now : Infinity;
  const wakeAt = Math.min(again, plan.wakeAt ?? Infinity, earliest(next)?.at ?? Infinity, ...readyAt);
  return { life: next, ask, wakeAt: Number.isFinite(wakeAt) ? wakeAt : undefined };
}

function withAction(life: Life, action: Action, { pod, now }: PodFacts, world: World): Life {
  const target = targetOf(action);
  const others = life.tasks.filter((task) => targetOf(task.action) !== target);
  if (action.type === 'cancel') return { ...life, tasks: others };
  // One thing at a time; only a kill with less patience takes over.
  if (others.length < life.tasks.length && action.type !== 'killContainer') return life;
  return { ...life, tasks: [...others, begin(action, pod, now, life.failures.get(target) ?? 0, world)] };
}

interface Happening {
  readonly at: number;
  readonly apply: (life: Life, pod: Pod, ip: string, world: World) => Life;
}

/** The next thing that will happen by itself. */
function earliest({ tasks, containers, fates }: Life): Happening | undefined {
  let first: Happening | undefined;
  const offer = (happening: Happening): void => {
    if (first === undefined || happening.at < first.at) first = happening;
  };
  for (const task of tasks) offer({ at: task.endsAt, apply: (...of) => endTask(task, ...of) });
  for (const { id, state } of containers) {
    const end = state === 'running' ? fates.get(id)?.end : undefined;
    if (end !== undefined) offer({ at: end.at, apply: (life) => die(life, id, end.at, end.exitCode, end.oomKilled) });
  }
  return first;
}

function endTask(task: Task, life: Life, pod: Pod, ip: string, world: World): Life {
  const { action, endsAt, failure } = task;
  const rest = { ...life, tasks: life.tasks.filter((one) => one !== task) };
  if (failure !== undefined) return setBack(rest, task, failure);
  return carryOut(withoutSetback(rest, action), action, endsAt, pod, ip, world);
}

function carryOut(life: Life, action: Action, at: number, pod: Pod, ip: string, world: World): Life {
  switch (action.type) {
    case 'setUpVolumes':
      return { ...life, volumes: 'ready' };
    case 'tearDownVolumes':
      return { ...life, volumes: 'absent' };
    case 'createSandbox':
      return { ...life, containers: [...life.containers, instance(pod, 'sandbox', '', action.attempt, at, {})] };
    case 'attachNetwork':
      return { ...life, network: { sandboxId: action.sandboxId, ips: [ip] } };
    case 'startContainer':
      return started(life, action, at, pod, world);
    case 'killContainer': {
      const killed = die(life, action.id, at, at >= action.killBy ? 137 : 0, false);
      return action.cause === 'changed' ? { ...killed, replaced: new Set([...life.replaced, action.id]) } : killed;
    }
    case 'removeSandbox': {
      const { network: _, ...unattached } = life;
      return without(unattached, action.id);
    }
    case 'removeContainer':
      return without(life, action.id);
    default:
      return life;
  }
}

function started(life: Life, action: Action & { type: 'startContainer' }, at: number, pod: Pod, world: World): Life {
  const { name, attempt, sandboxId, backoffMs } = action;
  const container = instance(pod, 'container', name, attempt, at, {
    [label.sandboxId]: sandboxId,
    [label.backoffMs]: String(backoffMs),
    [label.declaredImage]: findDeclared(pod, name)?.spec.image ?? '',
  });
  const fates = new Map([...life.fates, [container.id, fateOf(pod, name, attempt, at, world)]]);
  return { ...life, containers: [...life.containers, container], fates };
}

const die = (life: Life, id: string, at: number, exitCode: number, oomKilled: boolean): Life => ({
  ...life,
  containers: life.containers.map((one) =>
    one.id === id && one.state === 'running' ? { ...one, ...ended, finishedAt: at, exitCode, oomKilled } : one,
  ),
});
const ended = { state: 'exited', pid: 0 } as const;

const without = (life: Life, id: string): Life => ({
  ...life,
  containers: life.containers.filter((one) => one.id !== id),
  fates: new Map([...life.fates].filter(([one]) => one !== id)),
});

function setBack(life: Life, { action, endsAt }: Task, failure: NonNullable<Task['failure']>): Life {
  const target = targetOf(action);
  const failures = life.failures.get(target) ?? 0;
  const waitMs = Math.min(initialBackoffMs * 2 ** failures, maxBackoffMs);
  const { reason, message, later } = failure;
  const becomes = { at: endsAt + pullShownMs, reason: 'ImagePullBackOff', message: later };
  const setback: Setback = { action: action.type, reason, message, retryAt: endsAt + waitMs, becomes };
  return {
    ...life,
    setbacks: new Map([...life.setbacks, [target, setback]]),
    failures: new Map([...life.failures, [target, failures + 1]]),
  };
}

function withoutSetback(life: Life, action: Action): Life {
  const target = targetOf(action);
  if (!life.setbacks.has(target) && !life.failures.has(target)) return life;
  const others = <V>(map: ReadonlyMap<string, V>) => new Map([...map].filter(([one]) => one !== target));
  return { ...life, setbacks: others(life.setbacks), failures: others(life.failures) };
}

/** A container that began to run at `at`; ids look like the engine's, and follow from what they are of. */
export function instance(
  pod: Pod,
  role: ContainerStatus['role'],
  name: string,
  attempt: number,
  at: number,
  labels: ContainerStatus['labels'],
): ContainerStatus {
  const { namespace = '', name: podName, uid } = pod.metadata;
  const image = findDeclared(pod, name)?.spec.image ?? '';
  const hex = (salt: number): string =>
    hash32(`${uid}/${role}/${name}/${attempt}/${salt}`).toString(16).padStart(8, '0');
  return {
    id: `${hex(0)}${hex(1)}${hex(2)}`,
    ...{ role, name, attempt, labels, image, pod: { namespace, name: podName, uid } },
    imageId: image === '' ? '' : `sha256:${hash32(image).toString(16).padStart(8, '0')}`,
    ...{ state: 'running', createdAt: at, startedAt: at, finishedAt: 0 },
    ...{ pid: 1, exitCode: 0, oomKilled: false, startError: '', tty: false, stdin: false },
  };
}
