/** Watches with the same selectors share one filter, so that the watch cache judges a change once for all of them. */
import type { Filter } from '../watch/contract.ts';
import type { Target } from './contract.ts';
import type { Kind } from './definition-table.ts';
import { type Selection, select } from './selectors.ts';

interface Shared {
  readonly selection: Selection;
  watches: number;
}

export interface FilterLease {
  readonly filter: Filter;
  readonly shown: Selection['shown'];
  /** Call once, when the watch is over. */
  release(): void;
}

const filters = new WeakMap<Kind, Map<string, Shared>>();

/** Throws BadRequest like `select`. */
export function leaseFilter(
  kind: Kind,
  target: Target,
  options: { readonly labelSelector: string; readonly fieldSelector: string },
): FilterLease {
  const ofKind = filters.get(kind) ?? new Map<string, Shared>();
  filters.set(kind, ofKind);
  const key = JSON.stringify([target.namespace, target.name, options.labelSelector, options.fieldSelector]);
  const shared = ofKind.get(key) ?? { selection: select(kind, target, options), watches: 0 };
  ofKind.set(key, shared);
  shared.watches += 1;
  return {
    filter: shared.selection.filter,
    shown: shared.selection.shown,
    release() {
      shared.watches -= 1;
      if (shared.watches === 0) ofKind.delete(key);
    },
  };
}
