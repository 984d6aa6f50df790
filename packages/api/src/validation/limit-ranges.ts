/** LimitRange: for each resource min ≤ default request ≤ default ≤ max, and a ratio that fits between (ValidateLimitRange). */
import { goQuantity } from '../algebra/go-quantity.ts';
import type { GoText } from '../algebra/go-text.ts';
import { checkQualifiedName } from '../algebra/names.ts';
import { compareQuantities, formatQuantity, type Quantity, tryParseQuantity } from '../algebra/quantity.ts';
import { field } from '../errors.ts';
import type { LimitRange, LimitRangeItem, QuantityValue } from '../kinds/types.ts';
import { addContainerResourceName, addResourceName, canOvercommit } from './pod/resources.ts';
import { addEach, entriesOf, type Faults, type Loose } from './support.ts';

const types = ['Pod', 'Container', 'PersistentVolumeClaim'];

export function addLimitRange(faults: Faults, { spec = {} }: Loose<LimitRange>): void {
  const seen = new Set<string>();
  for (const [index, item] of (spec.limits ?? []).entries()) {
    const at = `spec.limits[${index}]`;
    const { type = '' } = item;
    const messages = checkQualifiedName(type);
    addEach(faults, `${at}.type`, type, messages);
    if (messages.length === 0 && !type.includes('/') && !types.includes(type))
      faults.push(field.invalid(`${at}.type`, type, 'must be a standard limit type or fully qualified'));
    if (seen.has(type)) faults.push(field.duplicate(`${at}.type`, type));
    seen.add(type);
    if (type === 'Pod') {
      for (const name of ['default', 'defaultRequest'] as const) {
        if (Object.keys(item[name] ?? {}).length === 0) continue;
        faults.push(field.forbidden(`${at}.${name}`, "may not be specified when `type` is 'Pod'"));
      }
    }
    if (type === 'PersistentVolumeClaim' && item.min?.storage === undefined && item.max?.storage === undefined) {
      const why = 'either minimum or maximum storage value is required, but neither was provided';
      faults.push(field.required(`${at}.limits`, why));
    }
    addLimits(faults, item, at);
  }
}

type List = Readonly<Record<string, QuantityValue | undefined>>;
type ListName = 'max' | 'min' | 'default' | 'defaultRequest' | 'maxLimitRequestRatio';

/** Which list may not be above which, in which words, and of which field that is said. */
const orders: readonly (readonly [low: ListName, high: ListName, at: ListName, lowWord: string, highWord: string])[] = [
  ['min', 'max', 'min', 'min', 'max'],
  ['min', 'defaultRequest', 'defaultRequest', 'min', 'default request'],
  ['defaultRequest', 'max', 'defaultRequest', 'default request', 'max'],
  ['defaultRequest', 'default', 'defaultRequest', 'default request', 'default limit'],
  ['min', 'default', 'default', 'min', 'default'],
  ['default', 'max', 'default', 'default', 'max'],
];

function addLimits(faults: Faults, item: Loose<LimitRangeItem>, path: string): void {
  const { type = '' } = item;
  const ofPods = type === 'Pod' || type === 'Container';
  const lists: Readonly<Partial<Record<ListName, List>>> = item;
  const given: readonly ListName[] =
    type === 'Pod'
      ? ['max', 'min', 'maxLimitRequestRatio']
      : ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'];
  const names = new Set<string>();
  for (const list of given) {
    for (const [name] of entriesOf(lists[list])) {
      names.add(name);
      if (ofPods) addContainerResourceName(faults, name, `${path}.${list}[${name}]`);
      else addResourceName(faults, name, `${path}.${list}[${name}]`);
    }
  }
  for (const name of names) {
    const amountOf = (list: ListName): Quantity | undefined =>
      given.includes(list) ? tryParseQuantity(lists[list]?.[name] ?? '') : undefined;
    const textOf = (list: ListName): string => formatQuantity(amountOf(list) ?? none);
    const shownOf = (list: ListName): GoText => goQuantity(lists[list]?.[name]);
    for (const [low, high, at, lowWord, highWord] of orders) {
      const [lowest, highest] = [amountOf(low), amountOf(high)];
      if (lowest === undefined || highest === undefined || compareQuantities(lowest, highest) <= 0) continue;
      const why = `${lowWord} value ${textOf(low)} is greater than ${highWord} value ${textOf(high)}`;
      faults.push(field.invalid(`${path}.${at}[${name}]`, shownOf(at), why));
    }
    addRatio(faults, amountOf, shownOf('maxLimitRequestRatio'), `${path}.maxLimitRequestRatio[${name}]`);
    const [limit, request] = [amountOf('default'), amountOf('defaultRequest')];
    if (canOvercommit(name) || limit === undefined || request === undefined) continue;
    if (compareQuantities(limit, request) === 0) continue;
    const why = `default value ${textOf('default')} must equal to defaultRequest value ${textOf('defaultRequest')} in ${name}`;
    faults.push(field.invalid(`${path}.defaultRequest[${name}]`, shownOf('defaultRequest'), why));
  }
}

const none = { nano: 0n, format: 'DecimalSI' } as const;
const one = { nano: 1_000_000_000n, format: 'DecimalSI' } as const;

function addRatio(
  faults: Faults,
  amountOf: (list: ListName) => Quantity | undefined,
  shown: GoText,
  path: string,
): void {
  const [ratio, min, max] = [amountOf('maxLimitRequestRatio'), amountOf('min'), amountOf('max')];
  if (ratio === undefined) return;
  const text = formatQuantity(ratio);
  if (compareQuantities(ratio, one) < 0) faults.push(field.invalid(path, shown, `ratio ${text} is less than 1`));
  if (min === undefined || max === undefined || min.nano <= 0n) return;
  if (ratio.nano * min.nano <= max.nano * one.nano) return;
  const most = (Number(max.nano) / Number(min.nano)).toFixed(6);
  faults.push(field.invalid(path, shown, `ratio ${text} is greater than max/min = ${most}`));
}
