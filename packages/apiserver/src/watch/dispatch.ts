/**
 * Which watchers a change may concern, without asking each: watchers are filed under the most selective thing they name (an object,
 * a field's value, a namespace), so that the cost of a change grows with those it concerns.
 */
import type { CachedDocument, Facts, Filter } from './contract.ts';

export interface Watcher {
  readonly filter: Filter;
  /** Told of each change that may concern it. */
  deliver(change: DocumentChange): void;
}

/** A change as the collection went through it. */
export interface DocumentChange {
  readonly version: bigint;
  readonly before: CachedDocument | undefined;
  /** Undefined: deleted. */
  readonly after: CachedDocument | undefined;
  /** For a deletion: the last state, with the deletion's version. */
  readonly tombstone: CachedDocument | undefined;
}

const addressOf = (filter: Filter): string => {
  if (filter.name !== '') return `n\0${filter.namespace}\0${filter.name}`;
  if (filter.exactField !== undefined) return `f\0${filter.exactField.field}\0${filter.exactField.value}`;
  return filter.namespace === '' ? '*' : `s\0${filter.namespace}`;
};

export class Dispatcher {
  readonly #watchers = new Map<string, Set<Watcher>>();
  /** Fields that some watcher names exactly, with how many do. */
  readonly #fields = new Map<string, number>();

  get size(): number {
    let size = 0;
    for (const watchers of this.#watchers.values()) size += watchers.size;
    return size;
  }

  add(watcher: Watcher): void {
    const address = addressOf(watcher.filter);
    const watchers = this.#watchers.get(address) ?? new Set();
    watchers.add(watcher);
    this.#watchers.set(address, watchers);
    this.#countField(watcher, 1);
  }

  remove(watcher: Watcher): void {
    const address = addressOf(watcher.filter);
    const watchers = this.#watchers.get(address);
    if (watchers?.delete(watcher) !== true) return;
    if (watchers.size === 0) this.#watchers.delete(address);
    this.#countField(watcher, -1);
  }

  deliver(change: DocumentChange): void {
    const addresses = new Set<string>(['*']);
    for (const document of [change.before, change.after])
      if (document !== undefined) this.#addAddresses(addresses, document.facts);
    for (const address of addresses) for (const watcher of this.#watchers.get(address) ?? []) watcher.deliver(change);
  }

  *all(): Iterable<Watcher> {
    for (const watchers of this.#watchers.values()) yield* watchers;
  }

  #addAddresses(addresses: Set<string>, facts: Facts): void {
    addresses.add(`s\0${facts.namespace}`);
    // A watch of one name in all namespaces is filed under the empty one.
    addresses.add(`n\0${facts.namespace}\0${facts.name}`);
    addresses.add(`n\0\0${facts.name}`);
    for (const field of this.#fields.keys()) addresses.add(`f\0${field}\0${facts.fields[field] ?? ''}`);
  }

  #countField({ filter }: Watcher, change: 1 | -1): void {
    if (filter.name !== '' || filter.exactField === undefined) return;
    const { field } = filter.exactField;
    const count = (this.#fields.get(field) ?? 0) + change;
    if (count === 0) this.#fields.delete(field);
    else this.#fields.set(field, count);
  }
}
