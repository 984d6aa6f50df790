/** LimitRange: what a pod's containers get that they do not say, and whether they, the pod or a claim are in range (plugin/pkg/admission/limitranger). Pure. */
import { compareQuantities, formatQuantity, type Quantity } from '../algebra/quantity.ts';
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '../kinds/types.ts';
import { type Amounts, toAmounts } from './amounts.ts';
import { podAmounts } from './pods.ts';

type Limits = readonly LimitRangeItem[];
const limitsOf = (range: LimitRange, type: string): Limits =>
  (range.spec?.limits ?? []).filter((one) => one.type === type);

/** What a container without any gets: the default requests and limits of a range, canonical texts by resource. */
export function limitDefaults(range: LimitRange): { readonly requests: Amounts; readonly limits: Amounts } {
  const of = (which: 'defaultRequest' | 'default'): Amounts =>
    new Map(limitsOf(range, 'Container').flatMap((limit) => [...toAmounts(limit[which])]));
  return { requests: of('defaultRequest'), limits: of('default') };
}

interface Asked {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

type Rule = (
  place: { readonly type: string; readonly name: string; readonly bound: Quantity },
  asked: Asked,
) => string | undefined;

const isLess = (a: Quantity, b: Quantity): boolean => compareQuantities(a, b) < 0;

const minimum: Rule = ({ type, name, bound }, { requests, limits }) => {
  const says = `minimum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  const [request, limit] = [requests.get(name), limits.get(name)];
  if (request === undefined) return `${says}.  No request is specified`;
  if (isLess(request, bound)) return `${says}, but request is ${formatQuantity(request)}`;
  if (limit !== undefined && isLess(limit, bound)) return `${says}, but limit is ${formatQuantity(limit)}`;
  return undefined;
};

const maximum: Rule = ({ type, name, bound }, { requests, limits }) => {
  const says = `maximum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  const [request, limit] = [requests.get(name), limits.get(name)];
  if (limit === undefined) return `${says}.  No limit is specified`;
  if (isLess(bound, limit)) return `${says}, but limit is ${formatQuantity(limit)}`;
  if (request !== undefined && isLess(bound, request)) return `${says}, but request is ${formatQuantity(request)}`;
  return undefined;
};

const maximumRequest: Rule = ({ type, name, bound }, { requests }) => {
  const says = `maximum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  const request = requests.get(name);
  if (request === undefined) return `${says}.  No request is specified`;
  return isLess(bound, request) ? `${says}, but request is ${formatQuantity(request)}` : undefined;
};

const ratio: Rule = ({ type, name, bound }, { requests, limits }) => {
  const says = `${name} max limit to request ratio per ${type} is ${formatQuantity(bound)}`;
  const [request, limit] = [requests.get(name)?.nano ?? 0n, limits.get(name)?.nano ?? 0n];
  if (request === 0n) return `${says}, but no request is specified or request is 0`;
  if (limit === 0n) return `${says}, but no limit is specified or limit is 0`;
  const isOver = limit * 1_000_000_000n > request * bound.nano;
  return isOver ? `${says}, but provided ratio is ${(Number(limit) / Number(request)).toFixed(6)}` : undefined;
};

/** The faults of one thing against the limits on its type. */
function faultsOf(
  limit: LimitRangeItem,
  asked: Asked,
  rules: readonly (readonly ['min' | 'max' | 'maxLimitRequestRatio', Rule])[],
): string[] {
  return rules.flatMap(([key, rule]) =>
    [...toAmounts(limit[key])].flatMap(([name, bound]) => rule({ type: limit.type, name, bound }, asked) ?? []),
  );
}

const computeRules = [
  ['min', minimum],
  ['max', maximum],
  ['maxLimitRequestRatio', ratio],
] as const;
const claimRules = [
  ['min', minimum],
  ['max', maximumRequest],
] as const;

const askedBy = ({ resources }: Container): Asked => ({
  requests: toAmounts(resources?.requests),
  limits: toAmounts(resources?.limits),
});

/** Why a pod is out of range: texts of Kubernetes, each once; none when it is in range. */
export function podLimitFaults(range: LimitRange, pod: Pod): readonly string[] {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map(askedBy);
  const whole: Asked = { requests: podAmounts(pod, 'requests'), limits: podAmounts(pod, 'limits') };
  const each = limitsOf(range, 'Container').flatMap((limit) =>
    containers.flatMap((asked) => faultsOf(limit, asked, computeRules)),
  );
  const all = limitsOf(range, 'Pod').flatMap((limit) => faultsOf(limit, whole, computeRules));
  return [...new Set([...each, ...all])];
}

export function claimLimitFaults(range: LimitRange, { spec }: PersistentVolumeClaim): readonly string[] {
  const asked: Asked = { requests: toAmounts(spec.resources?.requests), limits: new Map() };
  return limitsOf(range, 'PersistentVolumeClaim').flatMap((limit) => faultsOf(limit, asked, claimRules));
}
