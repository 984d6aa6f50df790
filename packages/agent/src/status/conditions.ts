/** The pod conditions that a node answers for (kubelet's status/generate.go, v1.32). Pure. */
import type { ContainerStatus as ApiContainerStatus, Pod, PodCondition } from '@skiff/api';
import { formatTime } from '@skiff/api';
import { isSidecar } from '../pods/spec.ts';
import type { Phase } from './phase.ts';

export interface ConditionsInput {
  readonly pod: Pod;
  readonly phase: Phase;
  readonly now: number;
  /** The sandbox runs and is on the network. */
  readonly sandboxReady: boolean;
  readonly initStatuses: readonly ApiContainerStatus[];
  readonly appStatuses: readonly ApiContainerStatus[];
  /** Last said; its transition times live on where nothing changed. */
  readonly previous: readonly PodCondition[];
  /** Why the node itself ends the pod. */
  readonly disruption?: string | undefined;
}

interface Verdict {
  readonly status: 'True' | 'False';
  readonly reason?: string;
  readonly message?: string;
}

export const ownConditionTypes = [
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
] as const;

export function computeConditions(input: ConditionsInput): PodCondition[] {
  const containersReady = containersReadyOf(input);
  const verdicts: Record<(typeof ownConditionTypes)[number], Verdict> = {
    PodReadyToStartContainers: { status: input.sandboxReady ? 'True' : 'False' },
    Initialized: initializedOf(input),
    Ready: readyOf(input, containersReady),
    ContainersReady: containersReady,
    PodScheduled: { status: 'True' },
  };
  const own = ownConditionTypes.map((type) => toCondition(type, verdicts[type], input));
  if (input.disruption === undefined) return own;
  const why = { status: 'True', reason: 'TerminationByKubelet', message: input.disruption } as const;
  return [...own, toCondition('DisruptionTarget', why, input)];
}

function toCondition(type: string, verdict: Verdict, { previous, now }: ConditionsInput): PodCondition {
  const last = previous.find((condition) => condition.type === type);
  const unchanged = last?.status === verdict.status && last.lastTransitionTime !== undefined;
  return {
    type,
    ...verdict,
    lastTransitionTime: unchanged && last.lastTransitionTime ? last.lastTransitionTime : formatTime(now),
  };
}

function initializedOf({ pod, phase, initStatuses, appStatuses }: ConditionsInput): Verdict {
  const declared = pod.spec.initContainers ?? [];
  if (declared.length === 0) return { status: 'True' };
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  const begun = appStatuses.some(({ state }) => state?.waiting === undefined);
  if (begun) return { status: 'True' };
  const incomplete = declared.filter((spec) => {
    const status = initStatuses.find(({ name }) => name === spec.name);
    return isSidecar(spec) ? status?.started !== true : status?.ready !== true;
  });
  if (incomplete.length === 0) return { status: 'True' };
  const names = incomplete.map(({ name }) => name).join(' ');
  return {
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${names}]`,
  };
}

function containersReadyOf({ pod, phase, initStatuses, appStatuses }: ConditionsInput): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name);
  const counted = [...initStatuses.filter(({ name }) => sidecars.includes(name)), ...appStatuses];
  const unready = counted.filter(({ ready }) => !ready).map(({ name }) => name);
  if (unready.length === 0) return { status: 'True' };
  return {
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.join(' ')}]`,
  };
}

function readyOf({ pod }: ConditionsInput, containersReady: Verdict): Verdict {
  if (containersReady.status === 'False') return containersReady;
  const conditions = pod.status?.conditions ?? [];
  const faults = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = conditions.find(({ type }) => type === conditionType);
    if (condition === undefined)
      return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    if (condition.status === 'True') return [];
    return [`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`];
  });
  if (faults.length === 0) return { status: 'True' };
  const message = faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`;
  return { status: 'False', reason: 'ReadinessGatesNotReady', ...(message === undefined ? {} : { message }) };
}
