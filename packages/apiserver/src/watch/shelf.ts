/** The documents of a collection, filed so that a list costs what it answers: in key order, by namespace, and by the value of a field. */
import { compareKeys } from '../storage/order.ts';
import { Arena } from './arena.ts';
import type { CachedDocument, Filter } from './contract.ts';
import type { KeptDocument } from './document.ts';

type Filed = Map<string, Map<string, CachedDocument>>;

export class Shelf {
  readonly #documents = new Map<string, KeptDocument>();
  #arena = new Arena();
  readonly #byNamespace: Filed = new Map();
  /** By field, for those that somebody has asked for. */
  readonly #byField = new Map<string, Filed>();
  /** Keys in order, as of the last list of all. */
  #ordered: readonly string[] = [];
  /** Keys of what came or went since, and whether they are in that order. */
  readonly #changed = new Map<string, boolean>();

  get size(): number {
    return this.#documents.size;
  }

  get(key: string): KeptDocument | undefined {
    return this.#documents.get(key);
  }

  values(): Iterable<KeptDocument> {
    return this.#documents.values();
  }

  put(document: KeptDocument): void {
    const { key, facts } = document;
    const before = this.#documents.get(key);
    if (before === undefined && !this.#changed.has(key)) this.#changed.set(key, false);
    if (before !== undefined && before.facts.namespace !== facts.namespace)
      unfile(this.#byNamespace, before.facts.namespace, key);
    this.#documents.set(key, document);
    before?.moveOut(this.#arena);
    document.moveInto(this.#arena);
    file(this.#byNamespace, facts.namespace, document);
    for (const [field, filed] of this.#byField) {
      const old = before === undefined ? undefined : fieldValue(before, field);
      if (old !== undefined && old !== fieldValue(document, field)) unfile(filed, old, key);
      file(filed, fieldValue(document, field), document);
    }
  }

  remove(key: string): void {
    const document = this.#documents.get(key);
    if (document === undefined) return;
    this.#documents.delete(key);
    document.moveOut(this.#arena);
    if (this.#documents.size === 0) this.#arena = new Arena();
    if (this.#changed.get(key) === false) this.#changed.delete(key);
    else this.#changed.set(key, true);
    unfile(this.#byNamespace, document.facts.namespace, key);
    for (const [field, filed] of this.#byField) unfile(filed, fieldValue(document, field), key);
  }

  clear(): void {
    this.#documents.clear();
    // Lists under way may still read what lay in the one before.
    this.#arena = new Arena();
    this.#byNamespace.clear();
    this.#byField.clear();
    this.#changed.clear();
    this.#ordered = [];
  }

  /** In key order, from the narrowest place that holds all that can match. */
  candidates({ namespace, exactField }: Filter): readonly CachedDocument[] {
    if (exactField !== undefined && exactField.value !== '')
      return inKeyOrder(this.#fieldOf(exactField.field).get(exactField.value)?.values() ?? []);
    if (namespace !== '') return inKeyOrder(this.#byNamespace.get(namespace)?.values() ?? []);
    return this.#all();
  }

  #fieldOf(field: string): Filed {
    const found = this.#byField.get(field);
    if (found !== undefined) return found;
    const filed: Filed = new Map();
    for (const document of this.#documents.values()) file(filed, fieldValue(document, field), document);
    this.#byField.set(field, filed);
    return filed;
  }

  #all(): readonly CachedDocument[] {
    if (this.#changed.size > 0) this.#order();
    const all: CachedDocument[] = [];
    for (const key of this.#ordered) {
      const document = this.#documents.get(key);
      if (document !== undefined) all.push(document);
    }
    return all;
  }

  /** Puts what changed in its place: what did not is not compared again. */
  #order(): void {
    const keys: string[] = [];
    let next = 0;
    for (const key of [...this.#changed.keys()].sort(compareKeys)) {
      const at = placeOf(this.#ordered, key, next);
      for (; next < at; next += 1) keys.push(this.#ordered[next] as string);
      if (this.#ordered[at] === key) next = at + 1;
      if (this.#documents.has(key)) keys.push(key);
    }
    for (; next < this.#ordered.length; next += 1) keys.push(this.#ordered[next] as string);
    this.#ordered = keys;
    this.#changed.clear();
  }
}

/** Where the key is, or would be, in an ordered list, from `low` on. */
function placeOf(ordered: readonly string[], key: string, low: number): number {
  let high = ordered.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys(ordered[middle] as string, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

const fieldValue = ({ facts }: CachedDocument, field: string): string => facts.fields[field] ?? '';

function file(filed: Filed, value: string, document: CachedDocument): void {
  const under = filed.get(value) ?? new Map<string, CachedDocument>();
  under.set(document.key, document);
  filed.set(value, under);
}

function unfile(filed: Filed, value: string, key: string): void {
  const under = filed.get(value);
  under?.delete(key);
  if (under?.size === 0) filed.delete(value);
}

const inKeyOrder = (documents: Iterable<CachedDocument>): CachedDocument[] =>
  [...documents].sort((a, b) => compareKeys(a.key, b.key));
