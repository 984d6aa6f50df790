/** What a pod is charged, what a quota asks its containers to name, and which scopes hold it (quota/v1/evaluator/core/pods.go). Pure. */
import { compareQuantities } from '../algebra/quantity.ts';
import { parseTime } from '../algebra/time.ts';
import type { Container, Pod } from '../kinds/types.ts';
import { type Amounts, addAmounts, maxAmounts, oneQuantity, toAmounts } from './amounts.ts';

const standard = ['cpu', 'memory', 'ephemeral-storage'] as const;

const podNames = new Set([
  ...standard,
  ...standard.flatMap((name) => [`requests.${name}`, `limits.${name}`]),
  'pods',
  'count/pods',
]);

/** Resources of a vendor: `example.com/gpu`. */
const isExtended = (name: string): boolean =>
  name.includes('/') && !name.startsWith('requests.') && !/^([^/]*\.)?kubernetes\.io\//.test(name);

export const isPodResource = (name: string): boolean =>
  podNames.has(name) ||
  /^(requests\.)?hugepages-/.test(name) ||
  (name.startsWith('requests.') && isExtended(name.slice('requests.'.length)));

type Which = 'requests' | 'limits';
const listOf = (container: Container, which: Which): Amounts => toAmounts(container.resources?.[which]);

/** What a pod needs at once at most: its containers with its sidecars, or an init container with the sidecars before it; and its overhead. */
export function podAmounts({ spec }: Pod, which: Which): Amounts {
  let sidecars: Amounts = new Map();
  let peak: Amounts = new Map();
  for (const container of spec.initContainers ?? []) {
    const own = listOf(container, which);
    if (container.restartPolicy === 'Always') {
      sidecars = addAmounts(sidecars, own);
      peak = maxAmounts(peak, sidecars);
    } else peak = maxAmounts(peak, addAmounts(sidecars, own));
  }
  const steady = addAmounts(sidecars, ...spec.containers.map((container) => listOf(container, which)));
  const total = maxAmounts(steady, peak);
  const overhead = toAmounts(spec.overhead);
  // Overhead bounds nothing that had no bound.
  const added = which === 'requests' ? overhead : new Map([...overhead].filter(([name]) => total.has(name)));
  return addAmounts(total, added);
}

/** The names that quotas have for these requests and limits. */
function named(requests: Amounts, limits: Amounts): Amounts {
  const result = new Map([['pods', oneQuantity]]);
  for (const name of standard) {
    const request = requests.get(name);
    if (request !== undefined) result.set(name, request).set(`requests.${name}`, request);
    const limit = limits.get(name);
    if (limit !== undefined) result.set(`limits.${name}`, limit);
  }
  for (const [name, request] of requests) {
    if (name.startsWith('hugepages-')) result.set(name, request).set(`requests.${name}`, request);
    else if (isExtended(name)) result.set(`requests.${name}`, request);
  }
  return result;
}

/** False once a pod has ended, or should have: it holds nothing any more. */
function isAlive({ status, metadata }: Pod, nowMs: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return false;
  const { deletionTimestamp } = metadata;
  // The timestamp is when its grace ends.
  return deletionTimestamp === undefined || nowMs <= (parseTime(deletionTimestamp) ?? nowMs);
}

export function chargeOfPod(pod: Pod, nowMs: number): Amounts {
  const count = new Map([['count/pods', oneQuantity]]);
  if (!isAlive(pod, nowMs)) return count;
  return addAmounts(count, named(podAmounts(pod, 'requests'), podAmounts(pod, 'limits')));
}

const mustBeNamed = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']);

/** Why the pod cannot be charged by a quota on these names; undefined when it can. */
export function podConstraintFault({ spec }: Pod, names: readonly string[]): string | undefined {
  const missing = new Map<string, string[]>();
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    const has = named(listOf(container, 'requests'), listOf(container, 'limits'));
    for (const name of names)
      if (mustBeNamed.has(name) && !has.has(name)) missing.set(name, [...(missing.get(name) ?? []), container.name]);
  }
  if (missing.size === 0) return undefined;
  const parts = [...missing]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, all]) => `${name} for: ${[...new Set(all)].sort().join(',')}`);
  return `must specify ${parts.join('; ')}`;
}

/** One requirement of a quota on the pods it counts. */
export interface ScopeRequirement {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

const isBestEffort = ({ spec }: Pod): boolean =>
  [...spec.containers, ...(spec.initContainers ?? [])].every((container) =>
    (['requests', 'limits'] as const).every((which) =>
      ['cpu', 'memory'].every((name) => (listOf(container, which).get(name)?.nano ?? 0n) === 0n),
    ),
  );

const isTerminating = ({ spec }: Pod): boolean => (spec.activeDeadlineSeconds ?? -1) >= 0;

function looksAcrossNamespaces({ spec }: Pod): boolean {
  const terms = [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((one) => one.podAffinityTerm),
  ]);
  return terms.some((term) => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined);
}

function hasPriorityClass({ spec }: Pod, { operator, values = [] }: ScopeRequirement): boolean {
  const name = spec.priorityClassName ?? '';
  switch (operator) {
    case 'Exists':
      return name !== '';
    case 'DoesNotExist':
      return name === '';
    case 'In':
      return name !== '' && values.includes(name);
    default:
      return !values.includes(name);
  }
}

export function isInScope(pod: Pod, requirement: ScopeRequirement): boolean {
  switch (requirement.scopeName) {
    case 'Terminating':
      return isTerminating(pod);
    case 'NotTerminating':
      return !isTerminating(pod);
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'PriorityClass':
      return hasPriorityClass(pod, requirement);
    case 'CrossNamespacePodAffinity':
      return looksAcrossNamespaces(pod);
    default:
      return false;
  }
}

/** The names of which more is used than there is. */
export const isOver = (used: Amounts, hard: Amounts): readonly string[] =>
  [...used].filter(([name, amount]) => compareQuantities(amount, hard.get(name) ?? amount) > 0).map(([name]) => name);
