/** Defaults of apps, batch and autoscaling kinds that need more than a constant. */
import type {
  CronJob,
  DaemonSet,
  Deployment,
  HorizontalPodAutoscaler,
  HPAScalingRules,
  Job,
  JobSpec,
  PodTemplate,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '../types.ts';
import { defaultPodSpec } from './pods.ts';
import { roundResources } from './resources.ts';

export function defaultDeployment({ spec }: Deployment): void {
  defaultPodSpec(spec.template?.spec);
  if (spec.strategy?.type !== 'RollingUpdate') return;
  const rollingUpdate = spec.strategy.rollingUpdate ?? {};
  rollingUpdate.maxUnavailable ??= '25%';
  rollingUpdate.maxSurge ??= '25%';
  spec.strategy.rollingUpdate = rollingUpdate;
}

export function defaultReplicaSet({ spec }: ReplicaSet): void {
  defaultPodSpec(spec.template?.spec);
}

export function defaultPodTemplate({ template }: PodTemplate): void {
  defaultPodSpec(template?.spec);
}

export function defaultDaemonSet({ spec }: DaemonSet): void {
  defaultPodSpec(spec.template?.spec);
  if (spec.updateStrategy?.type !== 'RollingUpdate') return;
  const rollingUpdate = spec.updateStrategy.rollingUpdate ?? {};
  rollingUpdate.maxUnavailable ??= 1;
  rollingUpdate.maxSurge ??= 0;
  spec.updateStrategy.rollingUpdate = rollingUpdate;
}

export function defaultStatefulSet({ spec }: StatefulSet): void {
  defaultPodSpec(spec.template?.spec);
  const strategy = spec.updateStrategy ?? {};
  if (strategy.type === undefined) {
    strategy.type = 'RollingUpdate';
    strategy.rollingUpdate ??= {};
  }
  if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate !== undefined) strategy.rollingUpdate.partition ??= 0;
  spec.updateStrategy = strategy;
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion ??= 'v1';
    claim.kind ??= 'PersistentVolumeClaim';
    claim.status ??= {};
    claim.status.phase ??= 'Pending';
    roundResources(claim.spec?.resources?.limits, claim.spec?.resources?.requests);
  }
}

/** A replication controller may leave its selector and labels to its template. */
export function defaultReplicationController({ metadata, spec }: ReplicationController): void {
  defaultPodSpec(spec.template?.spec);
  const labels = spec.template?.metadata?.labels;
  if (labels === undefined) return;
  if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
  if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
}

export function defaultJob({ metadata, spec }: Job): void {
  defaultPodSpec(spec.template?.spec);
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2147483647;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.manualSelector ??= false;
  spec.podReplacementPolicy ??= replacementPolicyOf(spec);
  const labels = spec.template?.metadata?.labels;
  if (labels !== undefined && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
}

/** With a failure policy a pod must have ended before it is judged, and so before it is replaced (KEP-3939). */
const replacementPolicyOf = (spec: JobSpec): 'Failed' | 'TerminatingOrFailed' =>
  spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed';

export function defaultCronJob({ spec }: CronJob): void {
  defaultPodSpec(spec.jobTemplate?.spec?.template?.spec);
}

export function defaultAutoscaler({ spec }: HorizontalPodAutoscaler): void {
  if (spec.metrics === undefined || spec.metrics.length === 0) {
    spec.metrics = [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
    ];
  }
  if (spec.behavior === undefined) return;
  const up = {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  };
  const down = { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };
  spec.behavior.scaleUp = scalingRules(spec.behavior.scaleUp, up);
  spec.behavior.scaleDown = scalingRules(spec.behavior.scaleDown, down);
}

const scalingRules = (given: HPAScalingRules | undefined, fallback: HPAScalingRules): HPAScalingRules => ({
  ...fallback,
  ...given,
});
