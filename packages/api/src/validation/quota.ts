/** ResourceQuota and LimitRange. */

import { goList } from '../algebra/go-text.ts';
import { deepEqual } from '../algebra/hash.ts';
import { checkQualifiedName } from '../algebra/names.ts';
import { compareQuantities, tryParseQuantity } from '../algebra/quantity.ts';
import { field } from '../errors.ts';
import type { LimitRange, LimitRangeItem, QuantityValue, ResourceQuota } from '../kinds/types.ts';
import { addAmount, addResourceName } from './pod/resources.ts';
import { addEach, entriesOf, type Faults, type Loose } from './support.ts';

const scopes = [
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'PriorityClass',
  'Terminating',
];
const opposites = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;

export function addResourceQuota(faults: Faults, { spec = {}, status = {} }: Loose<ResourceQuota>): void {
  for (const [path, list] of [
    ['spec.hard', spec.hard],
    ['status.hard', status.hard],
    ['status.used', status.used],
  ] as const) {
    for (const [name, amount] of entriesOf(list)) {
      addResourceName(faults, name, `${path}[${name}]`);
      addAmount(faults, name, amount, `${path}[${name}]`);
    }
  }
  const given = spec.scopes ?? [];
  for (const scope of given) {
    if (!scopes.includes(scope)) faults.push(field.invalid('spec.scopes', given, 'unsupported scope'));
  }
  for (const [one, other] of opposites) {
    if (given.includes(one) && given.includes(other)) {
      faults.push(field.invalid('spec.scopes', goList('core.ResourceQuotaScope', given), 'conflicting scopes'));
    }
  }
  for (const requirement of spec.scopeSelector?.matchExpressions ?? []) {
    const path = 'spec.scopeSelector.matchExpressions';
    const { scopeName = '', operator = '', values = [] } = requirement;
    if (!scopes.includes(scopeName)) faults.push(field.invalid(`${path}.scopeName`, scopeName, 'unsupported scope'));
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) {
        const why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
        faults.push(field.required(`${path}.values`, why));
      }
    } else if (operator !== 'Exists' && operator !== 'DoesNotExist') {
      faults.push(field.invalid(`${path}.operator`, operator, 'not a valid selector operator'));
    } else if (values.length > 0) {
      const why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
      faults.push(field.invalid(`${path}.values`, values, why));
    }
  }
}

export function addResourceQuotaUpdate(
  faults: Faults,
  next: Loose<ResourceQuota>,
  previous: Loose<ResourceQuota>,
): void {
  const sorted = (quota: Loose<ResourceQuota>): string[] => [...(quota.spec?.scopes ?? [])].sort();
  if (!deepEqual(sorted(next), sorted(previous))) {
    faults.push(field.invalid('spec.scopes', next.spec?.scopes ?? [], 'field is immutable'));
  }
}

export function addLimitRange(faults: Faults, { spec = {} }: Loose<LimitRange>): void {
  const types = new Set<string>();
  for (const [index, item] of (spec.limits ?? []).entries()) {
    const at = `spec.limits[${index}]`;
    const type = item.type ?? '';
    addEach(faults, `${at}.type`, type, checkQualifiedName(type));
    if (types.has(type)) faults.push(field.duplicate(`${at}.type`, type));
    types.add(type);
    if (type === 'Pod') {
      for (const name of ['default', 'defaultRequest'] as const) {
        if (Object.keys(item[name] ?? {}).length === 0) continue;
        faults.push(field.forbidden(`${at}.${name}`, "may not be specified when `type` is 'Pod'"));
      }
    }
    if (type === 'PersistentVolumeClaim' && item.min?.storage === undefined && item.max?.storage === undefined) {
      faults.push(field.required(at, 'either minimum or maximum storage value is required, but neither was provided'));
    }
    addLimits(faults, item, at);
  }
}

type List = Readonly<Record<string, QuantityValue | undefined>>;
type Lists = Readonly<Partial<Record<(typeof order)[number], List>>>;
const order = ['min', 'defaultRequest', 'default', 'max'] as const;
const words = { min: 'min', defaultRequest: 'default request', default: 'default', max: 'max' } as const;

/** For each resource: min ≤ default request ≤ default ≤ max, and a ratio of one or more. */
function addLimits(faults: Faults, item: Loose<LimitRangeItem>, path: string): void {
  const lists: Lists = item;
  const names = new Set(order.flatMap((name) => Object.keys(lists[name] ?? {})));
  for (const resource of names) {
    addResourceName(faults, resource, `${path}[${resource}]`);
    for (const [place, low] of order.entries()) {
      for (const high of order.slice(place + 1)) addOrder(faults, lists, low, high, resource, path);
    }
  }
  for (const [resource, ratio] of entriesOf(item.maxLimitRequestRatio)) {
    if (compareQuantities(tryParseQuantity(ratio) ?? one, one) < 0) {
      const why = `ratio ${ratio} is less than 1`;
      faults.push(field.invalid(`${path}.maxLimitRequestRatio[${resource}]`, String(ratio), why));
    }
  }
}

const one = { nano: 1_000_000_000n, format: 'DecimalSI' } as const;

function addOrder(
  faults: Faults,
  lists: Lists,
  low: (typeof order)[number],
  high: (typeof order)[number],
  resource: string,
  path: string,
): void {
  const [lowText, highText] = [lists[low]?.[resource], lists[high]?.[resource]];
  if (lowText === undefined || highText === undefined) return;
  const [lowest, highest] = [tryParseQuantity(lowText), tryParseQuantity(highText)];
  if (lowest === undefined || highest === undefined || compareQuantities(lowest, highest) <= 0) return;
  const why = `${words[low]} value ${lowText} is greater than ${words[high]} value ${highText}`;
  faults.push(field.invalid(`${path}.${low}[${resource}]`, String(lowText), why));
}
