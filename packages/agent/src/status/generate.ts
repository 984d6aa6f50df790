/** A pod's status from the facts of one moment. Pure: says only what the node answers for. */
import { type ContainerStatus as ApiContainerStatus, formatTime, isConditionTrue, type PodStatus } from '@skiff/api';
import { qosClassOf } from '@skiff/api/quota';
import { liveSandbox, type PodFacts } from '../pods/facts.ts';
import { appContainers, type DeclaredContainer, ephemeralContainers, initContainers } from '../pods/spec.ts';
import { type Verdict, verdictOf } from '../pods/verdict.ts';
import { computeConditions } from './conditions.ts';
import { toContainerStatus } from './container.ts';
import { computePhase, type Phase } from './phase.ts';

export interface StatusInput {
  readonly facts: PodFacts;
  readonly hostIPs: readonly string[];
  /** The last status this agent made for the pod, or the API's when it made none yet. */
  readonly previous: PodStatus | undefined;
}

export function generateStatus({ facts, hostIPs, previous }: StatusInput): PodStatus {
  const verdict = verdictOf(facts);
  const statuses = (declared: readonly DeclaredContainer[], last: readonly ApiContainerStatus[] | undefined) =>
    declared.map((one) =>
      toContainerStatus({ facts, verdict, declared: one, previous: last?.find(({ name }) => name === one.spec.name) }),
    );
  const { pod, now } = facts;
  const initStatuses = statuses(initContainers(pod), previous?.initContainerStatuses);
  const appStatuses = statuses(appContainers(pod), previous?.containerStatuses);
  const ephemeralStatuses = statuses(ephemeralContainers(pod), previous?.ephemeralContainerStatuses);
  const phase = neverBack(previous?.phase, computePhase({ pod, verdict, initStatuses, appStatuses }));
  const sandboxReady = isSandboxReady(facts, previous);
  const conditions = computeConditions({
    pod,
    phase,
    now,
    sandboxReady,
    initStatuses,
    appStatuses,
    previous: previous?.conditions ?? [],
    disruption: facts.eviction?.disrupted === true ? facts.eviction.message : undefined,
  });
  return {
    phase,
    ...why(verdict, phase),
    conditions,
    ...addresses(facts, hostIPs, previous),
    startTime: previous?.startTime ?? formatTime(now),
    qosClass: pod.status?.qosClass ?? qosClassOf(pod),
    ...(initStatuses.length > 0 ? { initContainerStatuses: initStatuses } : {}),
    ...(verdict.type === 'end' && verdict.cause === 'rejected' ? {} : { containerStatuses: appStatuses }),
    ...(ephemeralStatuses.length > 0 ? { ephemeralContainerStatuses: ephemeralStatuses } : {}),
  };
}

/** A phase only climbs: an ended pod stays as it ended, and one that has run is not pending again. */
function neverBack(last: string | undefined, phase: Phase): Phase {
  if (last === 'Succeeded' || last === 'Failed') return last;
  return last === 'Running' && phase === 'Pending' ? 'Running' : phase;
}

function why(verdict: Verdict, phase: Phase): { reason?: string; message?: string } {
  if (verdict.type === 'run' || (phase !== 'Failed' && phase !== 'Succeeded')) return {};
  return {
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
    ...(verdict.message === undefined ? {} : { message: verdict.message }),
  };
}

/** A restarted agent does not know the sandbox's network until it has looked: what was said before stands until then. */
function isSandboxReady(facts: PodFacts, previous: PodStatus | undefined): boolean {
  const sandbox = liveSandbox(facts);
  if (sandbox === undefined) return false;
  if (facts.pod.spec.hostNetwork === true || facts.network?.sandboxId === sandbox.id) return true;
  return facts.network === undefined && isConditionTrue(previous?.conditions, 'PodReadyToStartContainers');
}

function addresses(facts: PodFacts, hostIPs: readonly string[], previous: PodStatus | undefined) {
  const host = { hostIP: hostIPs[0] ?? '', hostIPs: hostIPs.map((ip) => ({ ip })) };
  const known =
    facts.pod.spec.hostNetwork === true && liveSandbox(facts) !== undefined ? hostIPs : (facts.network?.ips ?? []);
  const ips = known.length > 0 ? known : (previous?.podIPs ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip]));
  if (ips.length === 0) return host;
  return { ...host, podIP: ips[0] ?? '', podIPs: ips.map((ip) => ({ ip })) };
}
