/** What the writer of an object is warned of, by its kind (the strategies' WarningsOnCreate and WarningsOnUpdate of v1.32). */
import { deepEqual } from '../algebra/hash.ts';
import { checkDns1123Label } from '../algebra/names.ts';
import type { Definition } from '../definition.ts';
import type {
  CronJob,
  CSIStorageCapacity,
  Ingress,
  Job,
  JobSpec,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  RuntimeClass,
  Service,
  ServiceAccount,
  StatefulSet,
  StorageClass,
} from '../kinds/types.ts';
import type { JsonObject } from '../object.ts';
import type { Loose } from '../validation/support.ts';
import { ipWarnings, rangeWarnings } from './addresses.ts';
import { deprecatedLabel, termWarnings } from './labels.ts';
import { deadVolumes, fractionalStorage, type PodShape, podWarnings } from './pod.ts';

type Warn = (object: JsonObject, old: JsonObject | undefined) => string[];

const warner =
  <T>(run: (object: T, isNew: boolean) => string[]): Warn =>
  (object, old) =>
    run(object as unknown as T, old === undefined);

interface Named {
  readonly metadata?: { readonly name?: string; readonly annotations?: Readonly<Record<string, string | undefined>> };
}

/** Of a name that pods get, in parts. */
function nameWarnings({ metadata }: Named, use: string): string[] {
  const messages = checkDns1123Label(metadata?.name ?? '');
  if (messages.length === 0) return [];
  const why = 'which can result in surprising behavior; a DNS label is recommended';
  return [`metadata.name: this is used in ${use}, ${why}: [${messages.join(' ')}]`];
}

const inPodNames = 'Pod names and hostnames';

interface Templated extends Named {
  readonly spec?: { readonly template?: PodShape };
}

/** Of the template, whenever it may have changed; of the name once. */
const templated = (named: boolean): Warn =>
  warner<Templated>((object, isNew) => [
    ...(named && isNew ? nameWarnings(object, inPodNames) : []),
    ...podWarnings(object.spec?.template ?? {}, 'spec.template.'),
  ]);

const betaClass = 'volume.beta.kubernetes.io/storage-class';
const betaOptions = 'volume.beta.kubernetes.io/mount-options';

const annotated = ({ metadata }: Named, key: string, why: string): string[] =>
  Object.hasOwn(metadata?.annotations ?? {}, key) ? [`metadata.annotations[${key}]: ${why}`] : [];

const classAnnotation = (object: Named): string[] =>
  annotated(object, betaClass, 'deprecated since v1.8; use "storageClassName" attribute instead');

const hints = 'service.kubernetes.io/topology-aware-hints';

function serviceWarnings({ metadata, spec = {} }: Loose<Service>): string[] {
  const isExternal = spec.type === 'ExternalName';
  const { clusterIP = '', clusterIPs = [], externalIPs = [], loadBalancerIP = '' } = spec;
  const hasAddress = !isExternal && clusterIP !== '' && clusterIP !== 'None';
  return [
    ...(Object.hasOwn(metadata?.annotations ?? {}, hints)
      ? [`annotation ${hints} is deprecated, please use service.kubernetes.io/topology-mode instead`]
      : []),
    ...(hasAddress ? clusterIPs.flatMap((ip, index) => ipWarnings(ip, `spec.clusterIPs[${index}]`)) : []),
    ...externalIPs.flatMap((ip, index) => ipWarnings(ip, `spec.externalIPs[${index}]`)),
    ...(loadBalancerIP === '' ? [] : ipWarnings(loadBalancerIP, 'spec.loadBalancerIP')),
    ...(spec.loadBalancerSourceRanges ?? []).flatMap((range, index) =>
      rangeWarnings(range, `spec.loadBalancerSourceRanges[${index}]`),
    ),
    ...(isExternal && externalIPs.length > 0 ? ['spec.externalIPs is ignored when spec.type is "ExternalName"'] : []),
    ...(!isExternal && (spec.externalName ?? '') !== ''
      ? ['spec.externalName is ignored when spec.type is not "ExternalName"']
      : []),
  ];
}

function volumeWarnings(volume: Loose<PersistentVolume>): string[] {
  const { spec = {} } = volume;
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  return [
    ...classAnnotation(volume),
    ...annotated(volume, betaOptions, 'deprecated since v1.31; use "mountOptions" attribute instead'),
    ...(spec.persistentVolumeReclaimPolicy === 'Recycle'
      ? [
          'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
        ]
      : []),
    ...terms.flatMap((term, index) => termWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${index}]`)),
    ...[...deadVolumes].flatMap(([name, why]) =>
      Object.hasOwn(spec, name) ? [`spec.${name === 'storageos' ? 'storageOS' : name}: ${why}`] : [],
    ),
  ];
}

const claimWarnings = (claim: Loose<PersistentVolumeClaim>): string[] => [
  ...classAnnotation(claim),
  ...fractionalStorage(claim.spec?.resources, 'spec.resources'),
];

function classWarnings({ allowedTopologies = [] }: Loose<StorageClass>): string[] {
  return allowedTopologies.flatMap(({ matchLabelExpressions = [] }, term) =>
    matchLabelExpressions.flatMap(({ key = '' }, index) => {
      const why = deprecatedLabel(key);
      return why === undefined ? [] : [`allowedTopologies[${term}].matchLabelExpressions[${index}].key: ${why}`];
    }),
  );
}

function capacityWarnings({ nodeTopology = {} }: Loose<CSIStorageCapacity>): string[] {
  return [
    ...termWarnings(nodeTopology, 'nodeTopology'),
    ...Object.keys(nodeTopology.matchLabels ?? {}).flatMap((label) => {
      const why = deprecatedLabel(label);
      return why === undefined ? [] : [`nodeTopology.matchLabels.${label}: ${why}`];
    }),
  ];
}

const runtimeClassWarnings = ({ scheduling = {} }: Loose<RuntimeClass>): string[] =>
  Object.keys(scheduling.nodeSelector ?? {}).flatMap((label) => {
    const why = deprecatedLabel(label);
    return why === undefined ? [] : [`scheduling.nodeSelector: ${why}`];
  });

const nodeWarnings = ({ spec = {} }: Loose<Node>): string[] => [
  ...(spec.configSource === undefined ? [] : ['spec.configSource: the feature is removed']),
  ...((spec.externalID ?? '') === '' ? [] : ['spec.externalID: this field is deprecated, and is unused by Kubernetes']),
];

const manyIndexes = 100_000;
const manyPods = 10_000;

/** `path` is where the spec of the job stands. */
function jobWarnings(spec: Loose<JobSpec>, path: string): string[] {
  const { completionMode, completions = 0, parallelism = 0, template = {} } = spec;
  const isHuge = completionMode === 'Indexed' && completions > manyIndexes && parallelism > manyPods;
  const why =
    'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail';
  return [...(isHuge ? [`${path}: ${why}`] : []), ...podWarnings(template as PodShape, `${path}.template.`)];
}

function setWarnings({ spec = {} }: Loose<StatefulSet>): string[] {
  return [
    ...podWarnings((spec.template ?? {}) as PodShape, 'spec.template.'),
    ...(spec.volumeClaimTemplates ?? []).flatMap((claim, index) =>
      fractionalStorage(claim.spec?.resources, `spec.volumeClaimTemplates[${index}].resources`),
    ),
    ...((spec.revisionHistoryLimit ?? 0) < 0
      ? ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended']
      : []),
  ];
}

function cronWarnings(object: Loose<CronJob>, isNew: boolean): string[] {
  const { spec = {} } = object;
  return [
    ...(isNew ? nameWarnings(object, inPodNames) : []),
    ...jobWarnings(spec.jobTemplate?.spec ?? {}, 'spec.jobTemplate.spec'),
    ...((spec.schedule ?? '').includes('TZ')
      ? [
          'CRON_TZ or TZ used in spec.schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
        ]
      : []),
  ];
}

const ingressClass = 'kubernetes.io/ingress.class';
const secretsOnly = 'kubernetes.io/enforce-mountable-secrets';

const kinds: ReadonlyMap<string, Warn> = new Map<string, Warn>([
  [
    '/Pod',
    // Those who change pods are no people.
    warner<Loose<Pod>>((pod, isNew) =>
      isNew ? [...nameWarnings(pod, "the Pod's hostname"), ...podWarnings(pod as PodShape, '')] : [],
    ),
  ],
  ['/PodTemplate', warner<{ template?: PodShape }>(({ template = {} }) => podWarnings(template, 'template.'))],
  ['/ReplicationController', templated(true)],
  ['/Service', warner(serviceWarnings)],
  ['/PersistentVolume', warner(volumeWarnings)],
  ['/PersistentVolumeClaim', warner(claimWarnings)],
  [
    '/ServiceAccount',
    warner<Loose<ServiceAccount>>((account) =>
      annotated(
        account,
        secretsOnly,
        'deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets',
      ),
    ),
  ],
  ['apps/Deployment', templated(true)],
  ['apps/ReplicaSet', templated(true)],
  ['apps/DaemonSet', templated(false)],
  ['apps/StatefulSet', warner(setWarnings)],
  [
    'batch/Job',
    warner<Loose<Job>>((job, isNew) => [
      ...(isNew ? nameWarnings(job, inPodNames) : []),
      ...jobWarnings(job.spec ?? {}, 'spec'),
    ]),
  ],
  ['batch/CronJob', warner(cronWarnings)],
  [
    'networking.k8s.io/Ingress',
    warner<Loose<Ingress>>(({ metadata = {} }, isNew) =>
      isNew && Object.hasOwn(metadata.annotations ?? {}, ingressClass)
        ? [`annotation "${ingressClass}" is deprecated, please use 'spec.ingressClassName' instead`]
        : [],
    ),
  ],
  ['/Node', warner(nodeWarnings)],
  ['node.k8s.io/RuntimeClass', warner(runtimeClassWarnings)],
  ['storage.k8s.io/StorageClass', warner(classWarnings)],
  ['storage.k8s.io/CSIStorageCapacity', warner(capacityWarnings)],
]);

/** Texts for the writer of a new object, or (with `old`) of a changed one. A change of other things than the spec tells nothing. */
export function warningsOf({ group, kind }: Definition, object: JsonObject, old?: JsonObject): string[] {
  const warn = kinds.get(`${group}/${kind}`);
  if (warn === undefined) return [];
  if (old !== undefined && deepEqual(object.spec, old.spec) && annotationsOf(object) === annotationsOf(old)) return [];
  return warn(object, old);
}

const annotationsOf = ({ metadata }: JsonObject): string =>
  JSON.stringify((metadata as { annotations?: unknown } | undefined)?.annotations ?? {});
