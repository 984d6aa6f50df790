/** What the types of apps, batch, autoscaling and policy in Kubernetes v1.32 mean beyond their shape: see `rule.ts` for each fact. */
import { keyed, merging, set, type TypeRules } from './rule.ts';

export const apps: TypeRules = {
  DaemonSetSpec: { defaults: { revisionHistoryLimit: 10, updateStrategy: {} }, keepZero: ['revisionHistoryLimit'] },
  DaemonSetStatus: { lists: { conditions: keyed('type') }, keepZero: ['collisionCount'] },
  DaemonSetUpdateStrategy: { defaults: { type: 'RollingUpdate' } },
  DeploymentSpec: {
    retainKeys: ['strategy'],
    defaults: { progressDeadlineSeconds: 600, replicas: 1, revisionHistoryLimit: 10, strategy: {} },
    keepZero: ['progressDeadlineSeconds', 'replicas', 'revisionHistoryLimit'],
  },
  DeploymentStatus: { lists: { conditions: keyed('type') }, keepZero: ['collisionCount'] },
  DeploymentStrategy: { defaults: { type: 'RollingUpdate' } },
  ReplicaSetSpec: { defaults: { replicas: 1 }, keepZero: ['replicas'] },
  ReplicaSetStatus: { lists: { conditions: keyed('type') } },
  RollingUpdateStatefulSetStrategy: { keepZero: ['partition'] },
  StatefulSetOrdinals: { keepZero: ['start'] },
  StatefulSetPersistentVolumeClaimRetentionPolicy: { defaults: { whenDeleted: 'Retain', whenScaled: 'Retain' } },
  StatefulSetSpec: {
    required: ['selector', 'serviceName', 'template'],
    defaults: {
      persistentVolumeClaimRetentionPolicy: {},
      podManagementPolicy: 'OrderedReady',
      replicas: 1,
      revisionHistoryLimit: 10,
      // Always shown: Go clients send it empty when they write back what they read.
      serviceName: '',
    },
    keepZero: ['replicas', 'revisionHistoryLimit', 'serviceName'],
  },
  StatefulSetStatus: { lists: { conditions: keyed('type') }, keepZero: ['availableReplicas', 'collisionCount'] },
};

export const batch: TypeRules = {
  CronJobSpec: {
    defaults: { concurrencyPolicy: 'Allow', failedJobsHistoryLimit: 1, successfulJobsHistoryLimit: 3, suspend: false },
    keepZero: [
      'failedJobsHistoryLimit',
      'startingDeadlineSeconds',
      'successfulJobsHistoryLimit',
      'suspend',
      'timeZone',
    ],
  },
  JobSpec: {
    keepZero: [
      'activeDeadlineSeconds',
      'backoffLimit',
      'backoffLimitPerIndex',
      'completionMode',
      'completions',
      'managedBy',
      'manualSelector',
      'maxFailedIndexes',
      'parallelism',
      'podReplacementPolicy',
      'suspend',
      'ttlSecondsAfterFinished',
    ],
  },
  JobStatus: { lists: { conditions: merging('type') }, keepZero: ['failedIndexes', 'ready', 'terminating'] },
  PodFailurePolicyOnExitCodesRequirement: { lists: { values: set }, keepZero: ['containerName'] },
  PodFailurePolicyOnPodConditionsPattern: { required: ['status', 'type'], defaults: { status: 'True' } },
  SuccessPolicyRule: { keepZero: ['succeededCount', 'succeededIndexes'] },
  UncountedTerminatedPods: { lists: { failed: set, succeeded: set } },
  CronJob: { required: [] },
};

export const autoscalingV1: TypeRules = {
  CrossVersionObjectReference: { atomic: true },
  HorizontalPodAutoscalerSpec: {
    defaults: { minReplicas: 1 },
    keepZero: ['minReplicas', 'targetCPUUtilizationPercentage'],
  },
  HorizontalPodAutoscalerStatus: { keepZero: ['currentCPUUtilizationPercentage', 'observedGeneration'] },
  HorizontalPodAutoscaler: { required: [] },
};

export const autoscalingV2: TypeRules = {
  HPAScalingRules: { keepZero: ['selectPolicy', 'stabilizationWindowSeconds'] },
  HorizontalPodAutoscalerSpec: { defaults: { minReplicas: 1 }, keepZero: ['minReplicas'] },
  HorizontalPodAutoscalerStatus: {
    lists: { conditions: keyed('type') },
    keepZero: ['currentMetrics', 'observedGeneration'],
  },
  MetricTarget: { keepZero: ['averageUtilization'] },
  MetricValueStatus: { keepZero: ['averageUtilization'] },
  HorizontalPodAutoscaler: { required: [] },
};

export const policy: TypeRules = {
  PodDisruptionBudgetSpec: { replaceFields: ['selector'], keepZero: ['unhealthyPodEvictionPolicy'] },
  PodDisruptionBudgetStatus: {
    required: ['currentHealthy', 'desiredHealthy', 'disruptionsAllowed', 'expectedPods'],
    lists: { conditions: keyed('type') },
    keepZero: ['currentHealthy', 'desiredHealthy', 'disruptionsAllowed', 'expectedPods'],
  },
};
