/**
 * Which watchers a change may concern, without asking each: watchers are filed under the most selective thing they name (an object,
 * a field's value, a namespace), so that the cost of a change grows with those it concerns.
 */
import type { Facts, Filter, WatchEvent } from './contract.ts';
import { type DocumentChange, sharedViewsOf } from './views.ts';

export interface Watcher {
  readonly filter: Filter;
  /** Told of each change that its filter sees; the event is one object for all who see the same. */
  deliver(event: WatchEvent): void;
}

const addressOf = (filter: Filter): string => {
  if (filter.name !== '') return `n\0${filter.namespace}\0${filter.name}`;
  if (filter.exactField !== undefined) return `f\0${filter.exactField.field}\0${filter.exactField.value}`;
  return filter.namespace === '' ? '*' : `s\0${filter.namespace}`;
};

export class Dispatcher {
  /** Under each address, those with the same filter together: it is asked once for all of them. */
  readonly #watchers = new Map<string, Map<Filter, Set<Watcher>>>();
  /** Fields that some watcher names exactly, with how many do. */
  readonly #fields = new Map<string, number>();

  add(watcher: Watcher): void {
    const address = addressOf(watcher.filter);
    const byFilter = this.#watchers.get(address) ?? new Map<Filter, Set<Watcher>>();
    const watchers = byFilter.get(watcher.filter) ?? new Set();
    watchers.add(watcher);
    byFilter.set(watcher.filter, watchers);
    this.#watchers.set(address, byFilter);
    this.#countField(watcher, 1);
  }

  remove(watcher: Watcher): void {
    const address = addressOf(watcher.filter);
    const byFilter = this.#watchers.get(address);
    const watchers = byFilter?.get(watcher.filter);
    if (watchers?.delete(watcher) !== true) return;
    if (watchers.size === 0) byFilter?.delete(watcher.filter);
    if (byFilter?.size === 0) this.#watchers.delete(address);
    this.#countField(watcher, -1);
  }

  deliver(change: DocumentChange): void {
    if (this.#watchers.size === 0) return;
    const addresses = new Set<string>(['*']);
    const others = this.#watchers.size - (this.#watchers.has('*') ? 1 : 0);
    if (others > 0)
      for (const document of [change.before, change.after])
        if (document !== undefined) this.#addAddresses(addresses, document.facts);
    const view = sharedViewsOf(change);
    for (const address of addresses) {
      for (const [filter, watchers] of this.#watchers.get(address) ?? []) {
        const event = view(filter);
        if (event !== undefined) for (const watcher of watchers) watcher.deliver(event);
      }
    }
  }

  *all(): Iterable<Watcher> {
    for (const byFilter of this.#watchers.values()) for (const watchers of byFilter.values()) yield* watchers;
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
