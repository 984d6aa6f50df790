/** The API's view of one container, from facts. Pure. */
import type { ContainerState as ApiContainerState, ContainerStatus as ApiContainerStatus } from '@skiff/api';
import { formatDuration, formatTime } from '@skiff/api';
import { restartAt, restartDelayMs } from '../pods/backoff.ts';
import { instancesOf, isReplaced, type PodFacts, type Setback, setbackShown } from '../pods/facts.ts';
import { type DeclaredContainer, initContainers, podLabel, restartPolicyOf } from '../pods/spec.ts';
import type { Verdict } from '../pods/verdict.ts';
import type { ContainerStatus } from '../runtime/contract.ts';
import { label } from '../runtime/labels.ts';

type Terminated = NonNullable<ApiContainerState['terminated']>;

export interface ContainerStatusInput {
  readonly facts: PodFacts;
  readonly verdict: Verdict;
  readonly declared: DeclaredContainer;
  /** What was last said about this container, by this agent or its former life. */
  readonly previous: ApiContainerStatus | undefined;
}

export function toContainerStatus(input: ContainerStatusInput): ApiContainerStatus {
  const { facts, declared, previous } = input;
  const { name, image = '' } = declared.spec;
  const [newest, former] = instancesOf(facts, name);
  const state = stateOf(input, newest);
  const lastDead = state.terminated === undefined && newest?.state === 'exited' ? newest : former;
  const lastState = lastDead?.state === 'exited' ? { terminated: toTerminated(facts, lastDead) } : previous?.lastState;
  const health = newest === undefined ? undefined : facts.health.get(newest.id);
  const running = state.running !== undefined;
  const succeededInit = declared.kind === 'init' && state.terminated?.exitCode === 0;
  return {
    name,
    image: newest?.labels[label.declaredImage] ?? newest?.image ?? previous?.image ?? image,
    imageID: newest === undefined ? (previous?.imageID ?? '') : `docker://${newest.imageId}`,
    ...containerId(newest, previous),
    restartCount: newest?.attempt ?? previous?.restartCount ?? 0,
    state,
    ...(lastState === undefined ? { lastState: {} } : { lastState }),
    ready: succeededInit || (running && declared.kind !== 'init' && (health?.ready ?? false)),
    started: running && (health?.started ?? false),
  };
}

function containerId(newest: ContainerStatus | undefined, previous: ApiContainerStatus | undefined) {
  if (newest !== undefined) return { containerID: `docker://${newest.id}` };
  return previous?.containerID === undefined ? {} : { containerID: previous.containerID };
}

function stateOf(input: ContainerStatusInput, newest: ContainerStatus | undefined): ApiContainerState {
  const { facts, declared } = input;
  const starting = facts.busy.get(declared.spec.name)?.action === 'startContainer';
  if (newest === undefined || newest.state === 'created') return absentState(input);
  if (newest.state === 'running') {
    // Kubernetes calls a container running once its postStart hook has ended.
    return starting ? { waiting: creating(facts) } : { running: { startedAt: formatTime(newest.startedAt) } };
  }
  const waiting = waitingToRestart(input, newest);
  return waiting === undefined ? { terminated: toTerminated(facts, newest) } : { waiting };
}

/** No container exists: it is being made, cannot be made, or was lost. */
function absentState(input: ContainerStatusInput): ApiContainerState {
  const { facts, verdict, declared, previous } = input;
  if (verdict.type === 'end') {
    if (previous?.state?.terminated !== undefined) return { terminated: previous.state.terminated };
    // A pod that ends leaves no container waiting: what was never seen to end has ended unknown.
    if (verdict.cause !== 'rejected' && facts.containers.length > 0) return { waiting: creating(facts) };
    if (previous?.state?.running !== undefined || facts.presence !== 'wanted')
      return { terminated: unknownEnd(previous) };
  }
  return { waiting: shownOr(startSetback(facts, declared), facts) };
}

const creating = (facts: PodFacts) => ({
  reason: initContainers(facts.pod).length > 0 ? 'PodInitializing' : 'ContainerCreating',
});

const unknownEnd = (previous: ApiContainerStatus | undefined): Terminated => ({
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was terminated',
  ...(previous?.containerID === undefined ? {} : { containerID: previous.containerID }),
});

/** A dead container that will run again, but not yet. */
function waitingToRestart(input: ContainerStatusInput, dead: ContainerStatus) {
  const { facts, verdict, declared } = input;
  if (verdict.type === 'end') return undefined;
  if (isReplaced(facts, dead)) return shownOr(startSetback(facts, declared), facts);
  if (!willRestart(input, dead)) return undefined;
  if (restartAt(dead) > facts.now) {
    const wait = formatDuration(restartDelayMs(dead));
    return {
      reason: 'CrashLoopBackOff',
      message: `back-off ${wait} restarting failed container=${declared.spec.name} pod=${podLabel(facts.pod)}`,
    };
  }
  const setback = startSetback(facts, declared);
  return setback === undefined ? undefined : shown(setback, facts);
}

/** Why the container's last start failed, if it did. */
function startSetback(facts: PodFacts, { spec }: DeclaredContainer): Setback | undefined {
  const setback = facts.setbacks.get(spec.name);
  return setback?.action === 'startContainer' ? setback : undefined;
}

const shownOr = (setback: Setback | undefined, facts: PodFacts) =>
  setback === undefined ? creating(facts) : shown(setback, facts);

function shown(setback: Setback, facts: PodFacts): { reason: string; message: string } {
  const { reason, message } = setbackShown(setback, facts.now);
  return { reason, message };
}

function willRestart({ facts, declared }: ContainerStatusInput, dead: ContainerStatus): boolean {
  switch (declared.kind) {
    case 'sidecar':
      return true;
    case 'ephemeral':
      return false;
    case 'init':
      return dead.exitCode !== 0 && restartPolicyOf(facts.pod) !== 'Never';
    case 'app':
      return (
        restartPolicyOf(facts.pod) === 'Always' || (restartPolicyOf(facts.pod) === 'OnFailure' && dead.exitCode !== 0)
      );
  }
}

/** How a container ended; reasons are those of Kubernetes' Docker runtime. */
export function toTerminated(facts: PodFacts, dead: ContainerStatus): Terminated {
  const words = dead.startError === '' ? facts.lastWords.get(dead.id) : dead.startError;
  return {
    exitCode: dead.exitCode,
    reason: endReason(dead),
    ...(words === undefined || words === '' ? {} : { message: words }),
    startedAt: dead.startedAt === 0 ? formatTime(dead.createdAt) : formatTime(dead.startedAt),
    finishedAt: formatTime(dead.finishedAt),
    containerID: `docker://${dead.id}`,
  };
}

function endReason(dead: ContainerStatus): string {
  if (dead.startError !== '') return 'ContainerCannotRun';
  if (dead.oomKilled) return 'OOMKilled';
  return dead.exitCode === 0 ? 'Completed' : 'Error';
}
