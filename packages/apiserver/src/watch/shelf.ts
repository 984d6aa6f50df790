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
  /** Keys in order, as of the last list; what came and went since is merged in by the next. */
  #ordered: string[] = [];
  readonly #fresh = new Set<string>();
  #removed = false;

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
    if (before === undefined) this.#fresh.add(key);
    else if (before.facts.namespace !== facts.namespace) unfile(this.#byNamespace, before.facts.namespace, key);
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
    if (!this.#fresh.delete(key)) this.#removed = true;
    unfile(this.#byNamespace, document.facts.namespace, key);
    for (const [field, filed] of this.#byField) unfile(filed, fieldValue(document, field), key);
  }

  clear(): void {
    this.#documents.clear();
    // Lists under way may still read what lay in the one before.
    this.#arena = new Arena();
    this.#byNamespace.clear();
    this.#byField.clear();
    this.#fresh.clear();
    this.#ordered = [];
    this.#removed = false;
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
    if (this.#removed) this.#ordered = this.#ordered.filter((key) => this.#documents.has(key) && !this.#fresh.has(key));
    this.#removed = false;
    if (this.#fresh.size > 0) this.#ordered = merged(this.#ordered, [...this.#fresh].sort(compareKeys));
    this.#fresh.clear();
    const all: CachedDocument[] = [];
    for (const key of this.#ordered) {
      const document = this.#documents.get(key);
      if (document !== undefined) all.push(document);
    }
    return all;
  }
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

/** Two ordered lists without a key in common, as one. */
function merged(a: readonly string[], b: readonly string[]): string[] {
  const all: string[] = [];
  let next = 0;
  for (const key of a) {
    for (let other = b[next]; other !== undefined && compareKeys(other, key) < 0; other = b[next]) {
      all.push(other);
      next += 1;
    }
    all.push(key);
  }
  for (const key of b.slice(next)) all.push(key);
  return all;
}

const inKeyOrder = (documents: Iterable<CachedDocument>): CachedDocument[] =>
  [...documents].sort((a, b) => compareKeys(a.key, b.key));
