import { formatQuantity, roundUpToMilli, tryParseQuantity } from '../../algebra/quantity.ts';
import type { QuantityValue } from '../types.ts';

export type ResourceList = Record<string, QuantityValue>;

/** Resources are counted in thousandths at the finest; what is finer is rounded up (SetDefaults_ResourceList). In place. */
export function roundResources(...lists: readonly (ResourceList | undefined)[]): void {
  for (const list of lists) {
    for (const [name, value] of Object.entries(list ?? {})) {
      if (!/[nu]$|e-|\./.test(String(value))) continue;
      const quantity = tryParseQuantity(value);
      if (quantity !== undefined && list !== undefined) list[name] = formatQuantity(roundUpToMilli(quantity));
    }
  }
}

/** `target` with every resource of `source` that it does not name itself. */
export function withResourcesOf(target: ResourceList | undefined, source: ResourceList | undefined): ResourceList {
  return { ...source, ...target };
}
