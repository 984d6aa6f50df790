/** A pod's phase, from what is said about its containers; the rules of kubelet's getPhase (v1.32). Pure. */
import type { ContainerStatus as ApiContainerStatus, Pod } from '@skiff/api';
import { isSidecar, restartPolicyOf } from '../pods/spec.ts';
import type { Verdict } from '../pods/verdict.ts';

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export interface PhaseInput {
  readonly pod: Pod;
  readonly verdict: Verdict;
  readonly initStatuses: readonly ApiContainerStatus[];
  readonly appStatuses: readonly ApiContainerStatus[];
}

export function computePhase(input: PhaseInput): Phase {
  const { pod, verdict } = input;
  const phase = phaseByContainers(input);
  if (verdict.type === 'run') return phase;
  const alive = [...input.initStatuses, ...input.appStatuses].some(({ state }) => state?.running !== undefined);
  if (verdict.cause === 'rejected') return 'Failed';
  if (verdict.cause === 'terminal') return verdict.outcome ?? 'Failed';
  // The end is told when it is true: not while a container still runs.
  if (alive) return phase === 'Pending' ? 'Pending' : 'Running';
  if (verdict.outcome !== undefined) return verdict.outcome;
  const ended = input.appStatuses.every(({ state }) => state?.terminated !== undefined);
  if (!ended) return pod.metadata.deletionTimestamp === undefined ? phase : 'Failed';
  return input.appStatuses.every(({ state }) => state?.terminated?.exitCode === 0) ? 'Succeeded' : 'Failed';
}

function phaseByContainers({ pod, initStatuses, appStatuses }: PhaseInput): Phase {
  const policy = restartPolicyOf(pod);
  const init = (pod.spec.initContainers ?? []).map((spec) => ({
    sidecar: isSidecar(spec),
    status: initStatuses.find(({ name }) => name === spec.name),
  }));
  const started = appStatuses.some(({ state, restartCount }) => state?.waiting === undefined || restartCount > 0);
  if (!started && init.some(({ sidecar, status }) => isPending(status, sidecar))) return 'Pending';
  if (appStatuses.some((status) => neverRan(status))) return 'Pending';
  if (appStatuses.some(({ state }) => state?.running !== undefined)) return 'Running';
  // What waits will run again, whatever the policy: a changed image is replaced under any.
  if (policy === 'Always' || appStatuses.some(({ state }) => state?.waiting !== undefined)) return 'Running';
  const succeeded = appStatuses.every(({ state }) => state?.terminated?.exitCode === 0);
  if (succeeded) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}

const neverRan = ({ state, lastState }: ApiContainerStatus): boolean =>
  state?.waiting !== undefined && lastState?.terminated === undefined;

/** An init container that still has to succeed, or a sidecar that still has to start. */
function isPending(status: ApiContainerStatus | undefined, sidecar: boolean): boolean {
  if (status === undefined) return true;
  if (sidecar) return status.started !== true;
  return status.state?.terminated?.exitCode !== 0;
}
