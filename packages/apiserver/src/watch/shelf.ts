/** The documents of a collection, filed so that a list costs what it answers: in key order, by namespace, and by the value of a field. */
import { compareKeys } from '../storage/order.ts';
import { Arena } from './arena.ts';
import type { CachedDocument, Filter } from './contract.ts';
import type { KeptDocument } from './document.ts';
import { Ordered } from './ordered.ts';

type Filed = Map<string, Map<string, CachedDocument>>;

/** Where the versions of a document follow each other: none but the first has to find its place. */
interface Slot {
  readonly key: string;
  document: KeptDocument;
}

export class Shelf {
  readonly #slots = new Map<string, Slot>();
  readonly #ordered = new Ordered<Slot>();
  #arena = new Arena();
  readonly #byNamespace: Filed = new Map();
  /** By field, for those that somebody has asked for. */
  readonly #byField = new Map<string, Filed>();

  get size(): number {
    return this.#slots.size;
  }

  get(key: string): KeptDocument | undefined {
    return this.#slots.get(key)?.document;
  }

  *values(): Iterable<KeptDocument> {
    for (const { document } of this.#slots.values()) yield document;
  }

  put(document: KeptDocument): void {
    const { key, facts } = document;
    const slot = this.#slots.get(key);
    const before = slot?.document;
    if (before !== undefined && before.facts.namespace !== facts.namespace)
      unfile(this.#byNamespace, before.facts.namespace, key);
    if (slot === undefined) this.#add({ key, document });
    else slot.document = document;
    before?.moveOut(this.#arena);
    document.moveInto(this.#arena);
    file(this.#byNamespace, facts.namespace, document);
    for (const [field, filed] of this.#byField) {
      const old = before === undefined ? undefined : fieldValue(before, field);
      if (old !== undefined && old !== fieldValue(document, field)) unfile(filed, old, key);
      file(filed, fieldValue(document, field), document);
    }
  }

  #add(slot: Slot): void {
    this.#slots.set(slot.key, slot);
    this.#ordered.add(slot);
  }

  remove(key: string): void {
    const document = this.get(key);
    if (document === undefined) return;
    this.#slots.delete(key);
    document.moveOut(this.#arena);
    if (this.size === 0) this.#arena = new Arena();
    this.#ordered.remove(key);
    unfile(this.#byNamespace, document.facts.namespace, key);
    for (const [field, filed] of this.#byField) unfile(filed, fieldValue(document, field), key);
  }

  /** In key order, from the narrowest place that holds all that can match. */
  candidates({ namespace, exactField }: Filter): readonly CachedDocument[] {
    if (exactField !== undefined && exactField.value !== '')
      return inKeyOrder(this.#fieldOf(exactField.field).get(exactField.value)?.values() ?? []);
    if (namespace !== '') return inKeyOrder(this.#byNamespace.get(namespace)?.values() ?? []);
    return this.#ordered.values().map(({ document }) => document);
  }

  #fieldOf(field: string): Filed {
    const found = this.#byField.get(field);
    if (found !== undefined) return found;
    const filed: Filed = new Map();
    for (const document of this.values()) file(filed, fieldValue(document, field), document);
    this.#byField.set(field, filed);
    return filed;
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

const inKeyOrder = (documents: Iterable<CachedDocument>): CachedDocument[] =>
  [...documents].sort((a, b) => compareKeys(a.key, b.key));
