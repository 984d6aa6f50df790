/** How a pod comes to its end: app containers, then sidecars in reverse order, then sandbox, volumes, and its API object. */
import type { ContainerStatus } from '../runtime/contract.ts';
import { type Action, type Busy, type Plan, type PodFacts, sandboxesOf } from './facts.ts';
import { initContainers, terminationGraceMs } from './spec.ts';

/** Pods whose verdict is to end. A pod that stays in the API keeps its dead containers, for their logs. */
export function endActions(facts: PodFacts): Plan {
  const stopping = stopContainers(facts);
  if (stopping !== undefined) return stopping;
  const leaving = facts.presence !== 'wanted';
  if (leaving && !facts.statusReported) return { actions: [] };
  const actions: Action[] = [];
  const free = (target: string): boolean => !facts.busy.has(target);
  const dead = facts.containers.filter((one) => one.role === 'container' && one.state !== 'running');
  if (leaving) {
    for (const { name, id } of dead) if (free(name)) actions.push({ type: 'removeContainer', name, id });
  }
  const sandboxes = sandboxesOf(facts);
  if (free('@sandbox')) {
    for (const { id } of sandboxes) actions.push({ type: 'removeSandbox', id });
  }
  if (sandboxes.length > 0 || (leaving && dead.length > 0) || !free('@sandbox')) return { actions };
  return finish(facts, leaving);
}

/** The kills still to be made or waited for; undefined when every container is dead and no start is under way. */
function stopContainers(facts: PodFacts): Plan | undefined {
  const actions: Action[] = [];
  let waiting = false;
  for (const [target, busy] of facts.busy) {
    if (target === '@api') continue;
    if (startsSomething(busy)) actions.push({ type: 'cancel', target });
    if (startsSomething(busy) || busy.action === 'killContainer') waiting = true;
  }
  const running = facts.containers.filter((one) => one.role === 'container' && one.state === 'running');
  if (running.length === 0 && !waiting) return undefined;
  const killBy = facts.stopBy ?? facts.now + terminationGraceMs(facts.pod);
  for (const container of nextToStop(facts, running)) {
    const busy = facts.busy.get(container.name);
    const isShorter = busy?.killBy !== undefined && facts.stopBy !== undefined && facts.stopBy < busy.killBy;
    if (busy === undefined || isShorter) actions.push(kill(container, killBy));
  }
  return { actions };
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
  if (facts.volumes !== 'absent') {
    const setback = facts.setbacks.get('@volumes');
    if (setback !== undefined && setback.retryAt > facts.now) return { actions: [], wakeAt: setback.retryAt };
    return { actions: [{ type: 'tearDownVolumes' }] };
  }
  if (!leaving) return { actions: [] };
  if (facts.presence === 'gone') return { actions: [{ type: 'forget' }] };
  const setback = facts.setbacks.get('@api');
  if (setback !== undefined && setback.retryAt > facts.now) return { actions: [], wakeAt: setback.retryAt };
  return { actions: [{ type: 'deleteFromApi' }] };
}
