/** How a pod comes to its end: app containers, then sidecars in reverse order, then sandbox, volumes, and its API object. */
import type { ContainerStatus } from '../runtime/contract.ts';
import { type Action, type Busy, isSetBack, type Plan, type PodFacts, sandboxesOf, targetOf } from './facts.ts';
import { findDeclared, initContainers, terminationGraceMs } from './spec.ts';

/** Pods whose verdict is to end. A pod that stays in the API keeps its dead containers, for their logs. */
export function endActions(facts: PodFacts): Plan {
  const stopping = stopContainers(facts);
  if (stopping !== undefined) return stopping;
  const leaving = facts.presence !== 'wanted';
  if (leaving && !facts.statusReported) return { actions: [] };
  // The oldest goes first: while one is left, status tells of the newest.
  const dead = facts.containers
    .filter((one) => one.role === 'container' && one.state !== 'running')
    .sort((a, b) => a.attempt - b.attempt);
  const sandboxes = sandboxesOf(facts);
  const removals: Action[] = [
    ...(leaving ? dead.map(({ name, id }): Action => ({ type: 'removeContainer', name, id })) : []),
    ...sandboxes.map(({ id }): Action => ({ type: 'removeSandbox', id })),
  ];
  if (removals.length > 0 || facts.busy.has('@sandbox')) return unlessSetBack(facts, removals);
  return finish(facts, leaving);
}

/** Those whose target is free and not set back; and when to look again for the others. */
function unlessSetBack(facts: PodFacts, wanted: readonly Action[]): Plan {
  const free = wanted.filter((action) => !facts.busy.has(targetOf(action)));
  const later = free.filter((action) => isSetBack(facts, action));
  const wakeAt = Math.min(...later.map((action) => facts.setbacks.get(targetOf(action))?.retryAt ?? facts.now));
  const actions = free.filter((action) => !later.includes(action));
  return later.length === 0 ? { actions } : { actions, wakeAt };
}

/** The kills still to be made or waited for; undefined when every container is dead and no start is under way. */
function stopContainers(facts: PodFacts): Plan | undefined {
  const actions: Action[] = [];
  let waiting = false;
  for (const [target, busy] of facts.busy) {
    if (target === '@api') continue;
    if (startsSomething(busy)) actions.push({ type: 'cancel', target });
    if (startsSomething(busy) || busy.action === 'killContainer' || busy.action === 'runPreStop') waiting = true;
  }
  const running = facts.containers.filter((one) => one.role === 'container' && one.state === 'running');
  if (running.length === 0 && !waiting) return undefined;
  const killBy = facts.stopBy ?? facts.now + terminationGraceMs(facts.pod);
  const next = nextToStop(facts, running);
  for (const container of next) {
    const killing = facts.busy.get(container.name)?.killBy;
    // A kill with less patience takes over from the one under way.
    if (killing !== undefined && killBy < killing && facts.stopBy !== undefined) actions.push(kill(container, killBy));
  }
  const fresh = unlessSetBack(facts, [
    ...next.map((container) => kill(container, killBy)),
    ...running.filter((one) => !next.includes(one) && hasHookToRun(facts, one)).map((one) => preStop(one, killBy)),
  ]);
  return { ...fresh, actions: [...actions, ...fresh.actions] };
}

const startsSomething = (busy: Busy): boolean =>
  busy.action === 'startContainer' ||
  busy.action === 'createSandbox' ||
  busy.action === 'attachNetwork' ||
  busy.action === 'setUpVolumes';

/** All that are no sidecars together; then sidecars one by one, the last declared first (KEP-753). */
function nextToStop(facts: PodFacts, running: readonly ContainerStatus[]): readonly ContainerStatus[] {
  const sidecars = initContainers(facts.pod)
    .filter(({ kind }) => kind === 'sidecar')
    .map(({ spec }) => spec.name);
  const others = running.filter((container) => !sidecars.includes(container.name));
  if (others.length > 0) return others;
  const last = sidecars.findLast((name) => running.some((container) => container.name === name));
  return running.filter((container) => container.name === last);
}

const hasHookToRun = (facts: PodFacts, { name, id }: ContainerStatus): boolean =>
  findDeclared(facts.pod, name)?.spec.lifecycle?.preStop !== undefined && !facts.preStopped.has(id);

const preStop = ({ name, id }: ContainerStatus, killBy: number): Action => ({ type: 'runPreStop', name, id, killBy });

const kill = ({ name, id }: ContainerStatus, killBy: number): Action => ({
  type: 'killContainer',
  name,
  id,
  killBy,
  cause: 'ending',
  message: `Stopping container ${name}`,
});

function finish(facts: PodFacts, leaving: boolean): Plan {
  if (facts.busy.has('@volumes') || facts.busy.has('@api')) return { actions: [] };
  if (facts.volumes !== 'absent') return unlessSetBack(facts, [{ type: 'tearDownVolumes' }]);
  if (!leaving) return { actions: [] };
  return unlessSetBack(facts, [{ type: facts.presence === 'gone' ? 'forget' : 'deleteFromApi' }]);
}
