/** What a pod, or a template of pods, is warned of (pkg/api/pod/warnings.go of v1.32): valid, and yet hardly meant so. */
import { goQuote } from '../algebra/go-text.ts';
import { formatQuantity, tryParseQuantity } from '../algebra/quantity.ts';
import { RecentTexts } from '../algebra/recent-texts.ts';
import type { Affinity, Container, PodSpec } from '../kinds/types.ts';
import type { ObjectMeta } from '../object.ts';
import { entriesOf, type Loose, repeatsOf } from '../validation/support.ts';
import { deprecatedLabel, termWarnings } from './labels.ts';
import { pathWarnings } from './paths.ts';
import { portWarnings } from './ports.ts';

export interface PodShape {
  readonly metadata?: Loose<ObjectMeta>;
  readonly spec?: Loose<PodSpec>;
}

/** Specs that nobody is warned of: those of the pods of one template differ in nothing. */
const quiet = new RecentTexts(1024 * 1024);

/** `path` is '' for a pod, `spec.template.` for a template in a spec. */
export function podWarnings({ metadata = {}, spec = {} }: PodShape, path: string): string[] {
  const containers = containersOf(spec, `${path}spec`);
  const ofAnnotations = annotationWarnings(metadata, `${path}metadata.annotations`);
  const ofSecurity = securityWarnings(metadata, spec, containers, path);
  const text = JSON.stringify(spec);
  if (quiet.has(text)) return [...ofAnnotations, ...ofSecurity];
  const warnings = [
    ...placementWarnings(spec, `${path}spec`),
    ...ofAnnotations,
    ...volumeWarnings(spec, `${path}spec.volumes`),
    ...pathWarnings(spec.volumes ?? []),
    ...repeatWarnings(spec, `${path}spec`),
    ...fractions(spec.overhead, `${path}spec.overhead`),
    ...ofSecurity,
  ];
  for (const { container, at } of containers) warnings.push(...containerWarnings(container, at));
  warnings.push(...portWarnings(containers));
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0)
    warnings.push(
      `${path}spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  if (spec.affinity !== undefined) warnings.push(...affinityWarnings(spec.affinity, `${path}spec.affinity`));
  if (warnings.length === ofAnnotations.length + ofSecurity.length) quiet.add(text);
  return warnings;
}

export interface PlacedContainer {
  readonly container: Loose<Container>;
  readonly at: string;
}

/** In the order in which Kubernetes visits them. */
function containersOf(spec: Loose<PodSpec>, path: string): PlacedContainer[] {
  const found: PlacedContainer[] = [];
  const add = (containers: readonly object[] | undefined, list: string): void =>
    containers?.forEach((container, index) => {
      found.push({ container: container as Loose<Container>, at: `${path}.${list}[${index}]` });
    });
  add(spec.initContainers, 'initContainers');
  add(spec.containers, 'containers');
  add(spec.ephemeralContainers, 'ephemeralContainers');
  return found;
}

const matchesNothing = 'a null labelSelector results in matching no pod';

function placementWarnings(spec: Loose<PodSpec>, path: string): string[] {
  const { nodeAffinity } = spec.affinity ?? {};
  const required = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const preferred = nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const at = `${path}.affinity.nodeAffinity`;
  return [
    ...entriesOf(spec.nodeSelector).flatMap(([key]) => {
      const why = deprecatedLabel(key);
      return why === undefined ? [] : [`${path}.nodeSelector[${key}]: ${why}`];
    }),
    ...required.flatMap((term, index) =>
      termWarnings(term, `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}]`),
    ),
    ...preferred.flatMap(({ preference }, index) =>
      termWarnings(preference, `${at}.preferredDuringSchedulingIgnoredDuringExecution[${index}].preference`),
    ),
    ...(spec.topologySpreadConstraints ?? []).flatMap(({ topologyKey = '', labelSelector }, index) => {
      const one = `${path}.topologySpreadConstraints[${index}]`;
      const why = deprecatedLabel(topologyKey);
      return [
        ...(why === undefined ? [] : [`${one}.topologyKey: ${topologyKey} is ${why}`]),
        ...(labelSelector === undefined ? [`${one}.labelSelector: ${matchesNothing}`] : []),
      ];
    }),
  ];
}

function affinityWarnings(affinity: Loose<Affinity>, path: string): string[] {
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((kind) => {
    const required = affinity[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const preferred = affinity[kind]?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const at = `${path}.${kind}`;
    return [
      ...required.flatMap(({ labelSelector }, index) =>
        labelSelector === undefined
          ? [`${at}.requiredDuringSchedulingIgnoredDuringExecution[${index}].labelSelector: ${matchesNothing}`]
          : [],
      ),
      ...preferred.flatMap(({ podAffinityTerm = {} }, index) => {
        const one = `${at}.preferredDuringSchedulingIgnoredDuringExecution[${index}].podAffinityTerm.labelSelector`;
        return podAffinityTerm.labelSelector === undefined ? [`${one}: ${matchesNothing}`] : [];
      }),
    ];
  });
}

const deadAnnotations: ReadonlyMap<string, string> = new Map([
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
]);

const annotationWarnings = ({ annotations = {} }: Loose<ObjectMeta>, path: string): string[] => {
  const found: string[] = [];
  for (const [key, why] of deadAnnotations) if (Object.hasOwn(annotations, key)) found.push(`${path}[${key}]: ${why}`);
  return found;
};

/** Volume plug-ins that are gone or going, by the member that names them. */
export const deadVolumes: ReadonlyMap<string, string> = new Map([
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'deprecated in v1.11'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
]);

function volumeWarnings({ volumes = [] }: Loose<PodSpec>, path: string): string[] {
  return volumes.flatMap((volume, index) => {
    const at = `${path}[${index}]`;
    const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
    const dead: string[] = [];
    for (const name in volume) {
      const why = deadVolumes.get(name);
      if (why !== undefined) dead.push(`${at}.${name === 'storageos' ? 'storageOS' : name}: ${why}`);
    }
    return [...dead, ...fractionalStorage(claim?.resources, `${at}.ephemeral.volumeClaimTemplate.spec.resources`)];
  });
}

/** Lists in which the second of two equal entries means nothing. */
function repeatWarnings(spec: Loose<PodSpec>, path: string): string[] {
  if (spec.imagePullSecrets === undefined && spec.hostAliases === undefined) return [];
  const secrets = spec.imagePullSecrets ?? [];
  const repeated = (list: readonly string[], at: string, word: string): string[] =>
    [...repeatsOf(list)].map((index) => {
      const value = goQuote(list[index] ?? '');
      return `${path}.${at}[${index}].${word}: duplicate ${word} ${value}`;
    });
  return [
    ...repeated(
      (spec.hostAliases ?? []).map(({ ip = '' }) => ip),
      'hostAliases',
      'ip',
    ),
    ...repeated(
      secrets.map(({ name = '' }) => name),
      'imagePullSecrets',
      'name',
    ),
    ...secrets.flatMap(({ name = '' }, index) =>
      name === '' ? [`${path}.imagePullSecrets[${index}].name: invalid empty name ""`] : [],
    ),
  ];
}

function isFractional(text: string | number): boolean {
  const quantity = tryParseQuantity(text);
  return quantity !== undefined && quantity.nano % 1_000_000_000n !== 0n;
}

const shown = (text: string | number): string => {
  const quantity = tryParseQuantity(text);
  return goQuote(quantity === undefined ? String(text) : formatQuantity(quantity));
};

type Amounts = Readonly<Record<string, string | number | undefined>> | undefined;

/** Bytes do not come in parts. */
function fractionsOf(amounts: Amounts, path: string, names: readonly string[]): string[] {
  if (amounts === undefined) return [];
  return names.flatMap((name) => {
    const value = amounts[name];
    if (value === undefined || !isFractional(value)) return [];
    return [`${path}[${name}]: fractional byte value ${shown(value)} is invalid, must be an integer`];
  });
}

const fractions = (amounts: Amounts, path: string): string[] =>
  fractionsOf(amounts, path, ['memory', 'ephemeral-storage']);

/** Of what a claim asks for, and of the most that it may have. */
export const fractionalStorage = (
  resources: { readonly requests?: Amounts; readonly limits?: Amounts } | undefined,
  path: string,
): string[] => [
  ...fractionsOf(resources?.requests, `${path}.requests`, ['storage']),
  ...fractionsOf(resources?.limits, `${path}.limits`, ['storage']),
];

const seccomp = 'non-functional in v1.27+; use the "seccompProfile" field instead';

/** Profiles that annotations name and no field does. */
function securityWarnings(
  { annotations }: Loose<ObjectMeta>,
  spec: Loose<PodSpec>,
  containers: readonly PlacedContainer[],
  path: string,
): string[] {
  if (annotations === undefined) return [];
  const at = `${path}metadata.annotations`;
  const told = (key: string, why: string): string[] =>
    Object.hasOwn(annotations, key) ? [`${at}[${key}]: ${why}`] : [];
  const { seccompProfile, appArmorProfile } = spec.securityContext ?? {};
  return [
    ...(seccompProfile === undefined ? told('seccomp.security.alpha.kubernetes.io/pod', seccomp) : []),
    ...containers.flatMap(({ container: { name = '', securityContext = {} } }) => [
      ...(securityContext.seccompProfile === undefined
        ? told(`container.seccomp.security.alpha.kubernetes.io/${name}`, seccomp)
        : []),
      ...(path !== '' && appArmorProfile === undefined && securityContext.appArmorProfile === undefined
        ? told(
            `container.apparmor.security.beta.kubernetes.io/${name}`,
            'deprecated since v1.30; use the "appArmorProfile" field instead',
          )
        : []),
    ]),
  ];
}

function containerWarnings(container: Loose<Container>, at: string): string[] {
  const { env, resources: { limits, requests } = {} } = container;
  if (env === undefined && limits === undefined && requests === undefined) return [];
  return [
    ...fractionsOf(limits, `${at}.resources.limits`, ['memory']),
    ...fractionsOf(requests, `${at}.resources.requests`, ['memory']),
    ...fractionsOf(limits, `${at}.resources.limits`, ['ephemeral-storage']),
    ...fractionsOf(requests, `${at}.resources.requests`, ['ephemeral-storage']),
    ...variableWarnings(container, `${at}.env`),
  ];
}

/** A second value for a variable is meant only when it is made of the first. */
function variableWarnings({ env = [] }: Loose<Container>, path: string): string[] {
  const seen = new Set<string>();
  return env.flatMap(({ name = '', value = '', valueFrom }, index) => {
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    const reference = `$(${name})`;
    if (valueFrom === undefined && value !== reference && value.includes(reference)) return [];
    const why = `hides previous definition of ${goQuote(name)}, which may be dropped when using apply`;
    return [`${path}[${index}]: ${why}`];
  });
}
