/** Amounts of resources by name, as quotas add and compare them. Pure. */
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  type Quantity,
  tryParseQuantity,
} from '../algebra/quantity.ts';

export type Amounts = ReadonlyMap<string, Quantity>;

export const zeroQuantity: Quantity = { nano: 0n, format: 'DecimalSI' };
export const oneQuantity: Quantity = { nano: 1_000_000_000n, format: 'DecimalSI' };

/** A resource list of an object; what is no quantity counts as nothing. */
export function toAmounts(list: Readonly<Record<string, string | number | undefined>> | undefined): Amounts {
  return new Map(
    Object.entries(list ?? {}).map(([name, text]) => [name, tryParseQuantity(text ?? '0') ?? zeroQuantity]),
  );
}

export const fromAmounts = (amounts: Amounts): Record<string, string> =>
  Object.fromEntries([...amounts].map(([name, amount]) => [name, formatQuantity(amount)]));

export function addAmounts(...all: readonly Amounts[]): Amounts {
  const sum = new Map<string, Quantity>();
  for (const amounts of all)
    for (const [name, amount] of amounts) sum.set(name, addQuantities(sum.get(name) ?? zeroQuantity, amount));
  return sum;
}

/** The larger of each. */
export function maxAmounts(a: Amounts, b: Amounts): Amounts {
  const result = new Map(a);
  for (const [name, amount] of b) {
    const other = result.get(name);
    if (other === undefined || compareQuantities(amount, other) > 0) result.set(name, amount);
  }
  return result;
}

/** What `a` has more of than `b`, without what is zero or less. */
export function moreThan(a: Amounts, b: Amounts): Amounts {
  const result = new Map<string, Quantity>();
  for (const [name, amount] of a) {
    const nano = amount.nano - (b.get(name)?.nano ?? 0n);
    if (nano > 0n) result.set(name, { ...amount, nano });
  }
  return result;
}

/** Only the named ones. */
export const pickAmounts = (amounts: Amounts, names: Iterable<string>): Amounts => {
  const wanted = new Set(names);
  return new Map([...amounts].filter(([name]) => wanted.has(name)));
};

/** `cpu=1,pods=2`, sorted. */
export const amountsText = (amounts: Amounts): string =>
  [...amounts]
    .map(([name, amount]) => `${name}=${formatQuantity(amount)}`)
    .sort()
    .join(',');
