/** What an informer holds: objects by key, and by the values of named indexes. */
import type { ApiObject } from '@skiff/api';

export type IndexFunctions<T> = Readonly<Record<string, (object: T) => readonly string[]>>;

export const cacheKey = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;

export class ObjectStore<T extends ApiObject> {
  readonly #objects = new Map<string, T>();
  readonly #byNamespace = new Map<string, Map<string, T>>();
  readonly #indexes = new Map<string, { of: (object: T) => readonly string[]; filed: Map<string, Map<string, T>> }>();

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  list(namespace?: string): readonly T[] {
    const from = namespace === undefined || namespace === '' ? this.#objects : this.#byNamespace.get(namespace);
    return from === undefined ? [] : [...from.values()];
  }

  /** Throws on an index that was never added: a typing error, not a state. */
  byIndex(index: string, value: string): readonly T[] {
    const found = this.#indexes.get(index);
    if (found === undefined) throw new Error(`no index ${index}`);
    return [...(found.filed.get(value)?.values() ?? [])];
  }

  /** Adds indexes that are not there yet; objects already held are filed at once. */
  addIndexes(functions: IndexFunctions<T>): void {
    for (const [name, of] of Object.entries(functions)) {
      if (this.#indexes.has(name)) continue;
      const filed = new Map<string, Map<string, T>>();
      this.#indexes.set(name, { of, filed });
      for (const [key, object] of this.#objects) for (const value of of(object)) file(filed, value, key, object);
    }
  }

  put(key: string, object: T): void {
    this.remove(key);
    this.#objects.set(key, object);
    file(this.#byNamespace, object.metadata.namespace ?? '', key, object);
    for (const { of, filed } of this.#indexes.values()) for (const value of of(object)) file(filed, value, key, object);
  }

  remove(key: string): void {
    const object = this.#objects.get(key);
    if (object === undefined) return;
    this.#objects.delete(key);
    unfile(this.#byNamespace, object.metadata.namespace ?? '', key);
    for (const { of, filed } of this.#indexes.values()) for (const value of of(object)) unfile(filed, value, key);
  }
}

function file<T>(filed: Map<string, Map<string, T>>, value: string, key: string, object: T): void {
  const under = filed.get(value) ?? new Map<string, T>();
  under.set(key, object);
  filed.set(value, under);
}

function unfile<T>(filed: Map<string, Map<string, T>>, value: string, key: string): void {
  const under = filed.get(value);
  under?.delete(key);
  if (under?.size === 0) filed.delete(value);
}
