/** Every version of every object, in order, as etcd keeps them. */
import { expired } from '@skiff/api';
import { type Document, deepFreeze } from './document.ts';

/** One write. `before` and `object` are both there for a change; a removed object carries the version of its removal. */
export interface Revision {
  readonly version: number;
  /** `apps/deployments`. */
  readonly collection: string;
  readonly key: string;
  readonly object: Document;
  readonly before: Document | undefined;
  readonly removed: boolean;
}

export class Store {
  readonly #objects = new Map<string, Map<string, Document>>();
  #revisions: Revision[] = [];
  #version = 0;
  #compacted = 0;
  readonly #listeners = new Set<(revision: Revision) => void>();

  get version(): number {
    return this.#version;
  }

  get(collection: string, key: string): Document | undefined {
    return this.#objects.get(collection)?.get(key);
  }

  collections(): readonly string[] {
    return [...this.#objects.keys()];
  }

  /** Stores the object under the next version, and answers it as stored. */
  put(collection: string, key: string, object: Document): Document {
    return this.#record(collection, key, object, false);
  }

  remove(collection: string, key: string, last: Document): Document {
    return this.#record(collection, key, last, true);
  }

  /** What the collection held at a version, by key. Throws Expired below the last compaction. */
  listAt(collection: string, version: number): readonly (readonly [string, Document])[] {
    const held = new Map(this.#objects.get(collection) ?? []);
    if (version < this.#version) {
      this.checkKept(version);
      for (const revision of this.#revisions.filter((one) => one.version > version).reverse()) {
        if (revision.collection !== collection) continue;
        if (revision.before === undefined) held.delete(revision.key);
        else held.set(revision.key, revision.before);
      }
    }
    return [...held].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Writes after a version. Throws Expired when some are forgotten. */
  since(version: number): readonly Revision[] {
    this.checkKept(version);
    return this.#revisions.filter((revision) => revision.version > version);
  }

  checkKept(version: number): void {
    if (version < this.#compacted) throw expired(`too old resource version: ${version} (${this.#compacted})`);
  }

  /** Forgets how the present came to be: reads below the present version fail from now on. */
  compact(): void {
    this.#compacted = this.#version;
    this.#revisions = [];
  }

  subscribe(listener: (revision: Revision) => void): void {
    this.#listeners.add(listener);
  }

  #record(collection: string, key: string, object: Document, removed: boolean): Document {
    this.#version += 1;
    const stored = deepFreeze({
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(this.#version) },
    });
    const held = this.#objects.get(collection) ?? new Map<string, Document>();
    const before = held.get(key);
    if (removed) held.delete(key);
    else held.set(key, stored);
    this.#objects.set(collection, held);
    const revision = { version: this.#version, collection, key, object: stored, before, removed };
    this.#revisions.push(revision);
    for (const listener of this.#listeners) listener(revision);
    return stored;
  }
}
