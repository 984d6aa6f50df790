/** Quantities as they stand in documents: texts, or numbers of old manifests. */
import { compareQuantities, type Json, tryParseQuantity } from '@skiff/api';

/** The text of a quantity; undefined when the value is none. */
export function quantityText(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
}

export const isZeroQuantity = (text: string): boolean => tryParseQuantity(text)?.nano === 0n;

/** True when both texts mean the same amount: `1` and `1000m`. */
export function sameQuantity(a: string, b: string): boolean {
  const [left, right] = [tryParseQuantity(a), tryParseQuantity(b)];
  return left !== undefined && right !== undefined && compareQuantities(left, right) === 0;
}
