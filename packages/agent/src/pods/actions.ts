/** What a pod needs next. Pure: facts in, a plan out; called again after every change, so it never plans two steps ahead. */
import type { ContainerStatus } from '../runtime/contract.ts';
import { label } from '../runtime/labels.ts';
import { nextBackoffMs, restartAt } from './backoff.ts';
import { endActions } from './end.ts';
import {
  type Action,
  instancesOf,
  isIn,
  isReplaced,
  isSetBack,
  liveSandbox,
  newestOf,
  type Plan,
  type PodFacts,
  sandboxesOf,
  type Target,
  targetOf,
} from './facts.ts';
import {
  appContainers,
  type DeclaredContainer,
  declaredContainers,
  ephemeralContainers,
  initContainers,
  restartPolicyOf,
  terminationGraceMs,
} from './spec.ts';
import { deadlineAt, verdictOf } from './verdict.ts';

/** Collects a plan: actions in order and the earliest moment to look again. */
class Planner {
  readonly #facts: PodFacts;
  readonly #actions: Action[] = [];
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(facts: PodFacts) {
    this.#facts = facts;
  }

  isBusy(target: Target): boolean {
    return this.#facts.busy.has(target);
  }

  /** Plans `action` unless its target is busy, or set back until later. */
  attempt(action: Action): void {
    const target = targetOf(action);
    if (this.isBusy(target)) return;
    if (!isSetBack(this.#facts, action)) {
      this.#actions.push(action);
      return;
    }
    const setback = this.#facts.setbacks.get(target);
    if (setback === undefined) return;
    this.wake(setback.retryAt);
    if (setback.becomes !== undefined && setback.becomes.at > this.#facts.now) this.wake(setback.becomes.at);
  }

  wake(at: number): void {
    this.#wakeAt = Math.min(this.#wakeAt, at);
  }

  done(): Plan {
    const wakeAt = this.#wakeAt;
    return Number.isFinite(wakeAt) ? { actions: this.#actions, wakeAt } : { actions: this.#actions };
  }
}

export function podActions(facts: PodFacts): Plan {
  if (verdictOf(facts).type === 'end') return endActions(facts);
  const planner = new Planner(facts);
  planner.wake(deadlineAt(facts));
  removeSurplus(facts, planner);
  if (facts.volumes !== 'ready') {
    planner.attempt({ type: 'setUpVolumes' });
    // What runs already keeps running: an agent that restarted sets volumes up again beside it.
  }
  const sandbox = liveSandbox(facts);
  if (sandbox === undefined) {
    planWithoutSandbox(facts, planner);
    return planner.done();
  }
  const attached = facts.pod.spec.hostNetwork === true || facts.network?.sandboxId === sandbox.id;
  if (!attached) planner.attempt({ type: 'attachNetwork', sandboxId: sandbox.id });
  const mayStart = attached && facts.volumes === 'ready' && !planner.isBusy('@sandbox');
  const context: StartContext = { facts, planner, sandbox, mayStart };
  const initialised = planInit(context);
  for (const declared of appContainers(facts.pod)) planRunning(context, declared, initialised);
  for (const declared of ephemeralContainers(facts.pod)) planEphemeral(context, declared);
  return planner.done();
}

interface StartContext {
  readonly facts: PodFacts;
  readonly planner: Planner;
  readonly sandbox: ContainerStatus;
  /** Network and volumes are there. */
  readonly mayStart: boolean;
}

/** Containers of a dead sandbox are killed, then a new one is made. */
function planWithoutSandbox(facts: PodFacts, planner: Planner): void {
  const running = facts.containers.filter((one) => one.role === 'container' && one.state === 'running');
  for (const container of running) {
    planner.attempt({
      type: 'killContainer',
      name: container.name,
      id: container.id,
      killBy: facts.now + terminationGraceMs(facts.pod),
      cause: 'sandboxGone',
      message: 'Pod sandbox changed, it will be killed and re-created.',
    });
  }
  if (running.length > 0 || facts.busy.size > 0 || facts.volumes !== 'ready') return;
  const [dead] = sandboxesOf(facts);
  if (dead?.state === 'created') planner.attempt({ type: 'removeSandbox', id: dead.id });
  else planner.attempt({ type: 'createSandbox', attempt: (dead?.attempt ?? -1) + 1 });
}

/** Plans init containers in order; true when app containers may start. */
function planInit(context: StartContext): boolean {
  const { facts, sandbox } = context;
  const done = appContainers(facts.pod).some(({ spec }) => hasRunIn(facts, spec.name, sandbox));
  let passed = true;
  for (const declared of initContainers(facts.pod)) {
    if (declared.kind === 'sidecar') {
      if (!passed) continue;
      planRunning(context, declared, true);
      const newest = newestOf(facts, declared.spec.name);
      const up = newest?.state === 'running' && isIn(newest, sandbox) && facts.health.get(newest.id)?.started === true;
      passed = done || (up && !facts.busy.has(declared.spec.name));
    } else if (passed && !done) {
      passed = planInitStep(context, declared);
    }
  }
  return passed || done;
}

const hasRunIn = (facts: PodFacts, name: string, sandbox: ContainerStatus): boolean =>
  instancesOf(facts, name).some((one) => one.state !== 'created' && isIn(one, sandbox));

/** One ordinary init container; true when it has succeeded in this sandbox. */
function planInitStep(context: StartContext, declared: DeclaredContainer): boolean {
  const { facts, sandbox } = context;
  const newest = newestOf(facts, declared.spec.name);
  const here = newest !== undefined && isIn(newest, sandbox);
  if (here && newest.state === 'exited' && newest.exitCode === 0) return true;
  if (here && newest.state === 'running') return false;
  planStart(context, declared, newest);
  return false;
}

/** A container that should be running, or stay dead by its policy. */
function planRunning(context: StartContext, declared: DeclaredContainer, mayStart: boolean): void {
  const { facts, planner, sandbox } = context;
  const newest = newestOf(facts, declared.spec.name);
  if (newest?.state === 'running') {
    const kill = isIn(newest, sandbox) ? killReason(facts, declared, newest) : foreignSandbox(facts, newest);
    if (kill !== undefined) planner.attempt(kill);
    return;
  }
  if (!mayStart || !mayRestart(facts, declared, newest)) return;
  planStart(context, declared, newest);
}

function mayRestart(facts: PodFacts, declared: DeclaredContainer, newest: ContainerStatus | undefined): boolean {
  if (newest === undefined || newest.state === 'created' || declared.kind === 'sidecar') return true;
  if (isReplaced(facts, newest)) return true;
  const policy = restartPolicyOf(facts.pod);
  return policy === 'Always' || (policy === 'OnFailure' && newest.exitCode !== 0);
}

function planStart(context: StartContext, declared: DeclaredContainer, newest: ContainerStatus | undefined): void {
  const { facts, planner, sandbox, mayStart } = context;
  const { name } = declared.spec;
  if (newest?.state === 'running') {
    const kill = foreignSandbox(facts, newest);
    planner.attempt(kill);
    return;
  }
  if (newest?.state === 'created') {
    // It was made and never started: the agent died between the two. It has done nothing, so it makes room.
    planner.attempt({ type: 'removeContainer', name, id: newest.id });
    return;
  }
  // Only deaths in this sandbox and by this declaration wait: what was replaced, or died with its sandbox, is not at fault.
  const atFault = newest !== undefined && isIn(newest, sandbox) && !isReplaced(facts, newest);
  const dead = atFault ? newest : undefined;
  const at = dead === undefined ? 0 : restartAt(dead);
  if (at > facts.now) {
    planner.wake(at);
    return;
  }
  if (!mayStart) return;
  planner.attempt({
    type: 'startContainer',
    name,
    attempt: nextAttempt(facts, name, newest),
    sandboxId: sandbox.id,
    backoffMs: nextBackoffMs(dead),
  });
}

/** One more than the newest instance; without any, one more than the API remembers. */
function nextAttempt(facts: PodFacts, name: string, newest: ContainerStatus | undefined): number {
  if (newest !== undefined) return newest.attempt + 1;
  const { containerStatuses = [], initContainerStatuses = [] } = facts.pod.status ?? {};
  const known = [...containerStatuses, ...initContainerStatuses].find((status) => status.name === name);
  return known?.containerID === undefined ? 0 : known.restartCount + 1;
}

function planEphemeral(context: StartContext, declared: DeclaredContainer): void {
  const newest = newestOf(context.facts, declared.spec.name);
  if (newest === undefined || newest.state === 'created') planStart(context, declared, newest);
}

function foreignSandbox(facts: PodFacts, container: ContainerStatus): Action {
  return {
    type: 'killContainer',
    name: container.name,
    id: container.id,
    killBy: facts.now + terminationGraceMs(facts.pod),
    cause: 'sandboxGone',
    message: 'Pod sandbox changed, it will be killed and re-created.',
  };
}

/** Why a running container must be restarted; undefined when it may go on. */
function killReason(facts: PodFacts, declared: DeclaredContainer, running: ContainerStatus): Action | undefined {
  const { name } = declared.spec;
  const graceMs = terminationGraceMs(facts.pod);
  const kill = { type: 'killContainer', name, id: running.id } as const;
  const failed = facts.health.get(running.id)?.failed;
  if (failed !== undefined) {
    const killBy = facts.now + (failed.graceMs ?? graceMs);
    const next = declared.kind === 'sidecar' || restartPolicyOf(facts.pod) !== 'Never' ? ', will be restarted' : '';
    const message = `Container ${name} failed ${failed.probe} probe${next}`;
    return { ...kill, killBy, cause: 'unhealthy', message };
  }
  const declaredImage = running.labels[label.declaredImage];
  if (declaredImage !== undefined && declaredImage !== declared.spec.image) {
    const message = `Container ${name} definition changed, will be restarted`;
    return { ...kill, killBy: facts.now + graceMs, cause: 'changed', message };
  }
  return undefined;
}

/** Removes what nobody needs: all but the two newest instances of each container, and old sandboxes. */
function removeSurplus(facts: PodFacts, planner: Planner): void {
  const names = new Set(facts.containers.filter((one) => one.role === 'container').map((one) => one.name));
  const declared = new Set(declaredContainers(facts.pod).map(({ spec }) => spec.name));
  for (const name of names) {
    const keep = declared.has(name) ? 2 : 0;
    for (const { id, state } of instancesOf(facts, name).slice(keep)) {
      if (state !== 'running') planner.attempt({ type: 'removeContainer', name, id });
    }
  }
  for (const { id, state } of sandboxesOf(facts).slice(1)) {
    if (state !== 'running') planner.attempt({ type: 'removeSandbox', id });
  }
}
