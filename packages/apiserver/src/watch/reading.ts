/** The state of a store, read page by page, so that never all of it is here twice. Nobody sees a collection before its end. */
import type { ListOptions, Store, StoredBytes } from '../storage/contract.ts';
import type { Collection, Replacement } from './collection.ts';

export const registryPrefix = '/registry/';

export type Documents = Map<string, StoredBytes>;

export interface ReadingOptions extends Pick<ListOptions, 'revision'> {
  readonly store: Store;
  /** By storage key. There may be more of them while the store is read. */
  readonly collections: ReadonlyMap<string, Collection>;
  /** With more documents than this the rest of a collection is put off. */
  readonly mostAtFirst: number;
}

export class Reading {
  readonly #options: ReadingOptions;
  readonly #replacements = new Map<string, Replacement>();
  /** Of collections that nobody has asked for yet. */
  readonly #unclaimed = new Map<string, Documents>();
  /** For each collection that was put off the last key that was read. */
  readonly #rest = new Map<string, string>();
  #revision: bigint | undefined;

  constructor(options: ReadingOptions) {
    this.#options = options;
    this.#revision = options.revision;
  }

  /** That all is read as of. */
  get revision(): bigint {
    return this.#revision ?? 0n;
  }

  /** Storage keys of the collections that were put off. */
  get putOff(): readonly string[] {
    return [...this.#rest.keys()];
  }

  /** All but what is put off. */
  async readFirst(signal: AbortSignal): Promise<void> {
    let after: string | undefined = registryPrefix;
    while (after !== undefined) after = await this.#readOn(after, signal);
  }

  /** To the end, or to where a collection turns out to be large; answers the key to go on after. */
  async #readOn(after: string, signal: AbortSignal): Promise<string | undefined> {
    let current = '';
    let count = 0;
    for await (const documents of this.#pages(registryPrefix, after, signal))
      for (const stored of documents) {
        const storageKey = storageKeyOf(stored.key);
        if (storageKey !== current) {
          current = storageKey;
          count = 0;
        }
        this.#take(storageKey, stored);
        count += 1;
        if (count <= this.#options.mostAtFirst) continue;
        this.#rest.set(storageKey, stored.key);
        // `0` is the character after the `/` that ends the prefix of a collection.
        return `${registryPrefix}${storageKey}0`;
      }
    return undefined;
  }

  /** A collection that was put off, to its end; called again after a fault it goes on where it was. */
  async readRest(storageKey: string, signal: AbortSignal): Promise<void> {
    const after = this.#rest.get(storageKey) ?? '';
    for await (const documents of this.#pages(`${registryPrefix}${storageKey}/`, after, signal))
      for (const stored of documents) {
        this.#take(storageKey, stored);
        this.#rest.set(storageKey, stored.key);
      }
  }

  /** Shows what was read of a collection; answers it when nobody has asked for the collection yet. */
  finish(storageKey: string): Documents | undefined {
    this.#rest.delete(storageKey);
    const unclaimed = this.#unclaimed.get(storageKey);
    this.#unclaimed.delete(storageKey);
    const collection = this.#options.collections.get(storageKey);
    if (collection === undefined) return unclaimed;
    const replacement = this.#replacementOf(storageKey, collection);
    // It may have been asked for between two pages.
    for (const document of unclaimed?.values() ?? []) replacement.put(document);
    replacement.finish(this.revision);
    this.#replacements.delete(storageKey);
    return undefined;
  }

  /** Storage keys of all that was read to its end, and of collections that turned out to be empty. */
  get whole(): readonly string[] {
    const known = new Set([...this.#options.collections.keys(), ...this.#unclaimed.keys()]);
    return [...known].filter((storageKey) => !this.#rest.has(storageKey));
  }

  async *#pages(prefix: string, after: string, signal: AbortSignal): AsyncGenerator<readonly StoredBytes[]> {
    const asOf = this.#revision === undefined ? {} : { revision: this.#revision };
    for await (const { documents, revision } of this.#options.store.pages(prefix, { after, ...asOf }, signal)) {
      this.#revision = revision;
      yield documents;
    }
  }

  #take(storageKey: string, stored: StoredBytes): void {
    const collection = this.#options.collections.get(storageKey);
    if (collection !== undefined) {
      this.#replacementOf(storageKey, collection).put(stored);
      return;
    }
    mapAt(this.#unclaimed, storageKey).set(stored.key, copyOf(stored));
  }

  #replacementOf(storageKey: string, collection: Collection): Replacement {
    const found = this.#replacements.get(storageKey);
    if (found !== undefined) return found;
    const made = collection.replacement();
    this.#replacements.set(storageKey, made);
    return made;
  }
}

/** To be kept: its bytes lie among others. */
export const copyOf = (stored: StoredBytes): StoredBytes => ({ ...stored, bytes: Buffer.from(stored.bytes) });

export function mapAt(maps: Map<string, Documents>, key: string): Documents {
  const found = maps.get(key);
  if (found !== undefined) return found;
  const made: Documents = new Map();
  maps.set(key, made);
  return made;
}

/** `/registry/apps/deployments/ns/name` → `apps/deployments`. */
export function storageKeyOf(key: string): string {
  const [group = '', resource = ''] = key.slice(registryPrefix.length).split('/', 2);
  return `${group}/${resource}`;
}
