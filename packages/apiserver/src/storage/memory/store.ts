/** A store in memory with etcd's semantics: revisions, history, compaction. Kept for tests and simulations. */
import {
  type BytesPage,
  type EventBatch,
  type ListOptions,
  type Page,
  type Store,
  type StoredBytes,
  type StoredDocument,
  StoreError,
  type StoreEvent,
  type Text,
} from '../contract.ts';
import { compareKeys } from '../order.ts';

interface Revision {
  readonly revision: bigint;
  readonly event: StoreEvent;
  /** What the key held before. */
  readonly previous: StoredDocument | undefined;
}

/** etcd's --max-request-bytes. */
const maxRequestBytes = 1.5 * 1024 * 1024;

const keyOf = (event: StoreEvent): string => (event.type === 'put' ? event.document.key : event.key);

const toBytes = ({ key, text, version }: StoredDocument): StoredBytes => ({ key, bytes: Buffer.from(text), version });

/** A memory store, and the faults a test may ask of it. */
export interface MemoryStore extends Store {
  /** Ends every open watch with `unavailable`, as a lost connection would if nobody resumed it. */
  cutWatches(): void;
}

export function createMemoryStore(): MemoryStore {
  return new InMemoryStore();
}

class InMemoryStore implements MemoryStore {
  readonly #documents = new Map<string, StoredDocument>();
  readonly #history: Revision[] = [];
  readonly #watches = new Set<{ wake: () => void; fault: StoreError | undefined }>();
  /** A fresh etcd stands at 1. */
  #revision = 1n;
  /** Revisions below this one are forgotten. */
  #compacted = 0n;
  #closed = false;

  async get(key: string): Promise<StoredDocument | undefined> {
    return this.#documents.get(key);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Page> {
    const revision = options.revision ?? this.#revision;
    const at = this.#asOf(prefix, revision);
    const keys = [...at.keys()]
      .filter((key) => key.startsWith(prefix) && (options.after === undefined || compareKeys(key, options.after) > 0))
      .sort(compareKeys);
    const chosen = keys.slice(0, options.limit ?? keys.length);
    const documents = chosen.map((key) => at.get(key)).filter((document) => document !== undefined);
    return { documents, revision, remaining: keys.length - chosen.length };
  }

  async *pages(prefix: string, options: Pick<ListOptions, 'revision' | 'after'> = {}): AsyncIterable<BytesPage> {
    const { documents, revision } = await this.list(prefix, options);
    yield { documents: documents.map(toBytes), revision };
  }

  async versions(prefix: string, revision: bigint): Promise<ReadonlyMap<string, bigint>> {
    const at = [...this.#asOf(prefix, revision).values()].filter(({ key }) => key.startsWith(prefix));
    return new Map(at.map(({ key, version }) => [key, version]));
  }

  async create(key: string, text: Text): Promise<bigint> {
    const current = this.#documents.get(key);
    if (current !== undefined) throw new StoreError('exists', key, `${key} exists`, { current });
    return this.#put(key, String(text));
  }

  async update(key: string, text: Text, expected: bigint): Promise<bigint> {
    this.#demand(key, expected);
    return this.#put(key, String(text));
  }

  async delete(key: string, expected: bigint): Promise<bigint> {
    const previous = this.#demand(key, expected);
    this.#documents.delete(key);
    this.#revision += 1n;
    this.#record({ type: 'delete', key, version: this.#revision }, previous);
    return this.#revision;
  }

  async *watch(prefix: string, after: bigint, signal: AbortSignal): AsyncIterable<EventBatch> {
    let position = after;
    const watch = { wake: (): void => undefined, fault: undefined as StoreError | undefined };
    this.#watches.add(watch);
    const abort = (): void => watch.wake();
    signal.addEventListener('abort', abort);
    try {
      while (!signal.aborted && !this.#closed) {
        if (watch.fault !== undefined) throw watch.fault;
        if (position < this.#compacted)
          throw new StoreError('compacted', prefix, `events after ${position} have been compacted`);
        const fresh = this.#since(position);
        const events = fresh.map(({ event }) => event).filter((event) => keyOf(event).startsWith(prefix));
        if (this.#revision > position) {
          position = this.#revision;
          yield { events, revision: position };
          continue;
        }
        const { promise, resolve } = Promise.withResolvers<void>();
        watch.wake = resolve;
        await promise;
      }
    } finally {
      signal.removeEventListener('abort', abort);
      this.#watches.delete(watch);
    }
  }

  async revision(): Promise<bigint> {
    return this.#revision;
  }

  before(revision: bigint, transactions: number): bigint {
    const earlier = revision - BigInt(transactions);
    return earlier < 0n ? 0n : earlier;
  }

  async compact(revision: bigint): Promise<void> {
    if (revision > this.#revision) throw new StoreError('future', '', `revision ${revision} is in the future`);
    if (revision <= this.#compacted) return;
    this.#compacted = revision;
    const kept = this.#history.findIndex((one) => one.revision > revision);
    this.#history.splice(0, kept < 0 ? this.#history.length : kept);
    this.#wakeAll();
  }

  cutWatches(): void {
    for (const watch of this.#watches) watch.fault = new StoreError('unavailable', '', 'the watch was cut');
    this.#wakeAll();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wakeAll();
  }

  #demand(key: string, expected: bigint): StoredDocument {
    const current = this.#documents.get(key);
    if (current === undefined) throw new StoreError('missing', key, `${key} is gone`);
    if (current.version !== expected)
      throw new StoreError('conflict', key, `${key} is at ${current.version}, not ${expected}`, { current });
    return current;
  }

  #put(key: string, text: string): bigint {
    if (Buffer.byteLength(text) > maxRequestBytes)
      throw new StoreError('too-large', key, 'etcdserver: request is too large');
    const previous = this.#documents.get(key);
    this.#revision += 1n;
    const document = { key, text, version: this.#revision };
    this.#documents.set(key, document);
    this.#record({ type: 'put', document: toBytes(document) }, previous);
    return this.#revision;
  }

  #record(event: StoreEvent, previous: StoredDocument | undefined): void {
    this.#history.push({ revision: this.#revision, event, previous });
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const watch of this.#watches) watch.wake();
  }

  #since(position: bigint): Revision[] {
    // The tail is what is asked for nearly always.
    let first = this.#history.length;
    while (first > 0 && (this.#history[first - 1]?.revision ?? 0n) > position) first -= 1;
    return this.#history.slice(first);
  }

  /** The documents as they were: the present ones with later changes undone, newest first. */
  #asOf(prefix: string, revision: bigint): ReadonlyMap<string, StoredDocument> {
    if (revision > this.#revision) throw new StoreError('future', prefix, `revision ${revision} is in the future`);
    if (revision < this.#compacted)
      throw new StoreError('compacted', prefix, `revision ${revision} has been compacted`);
    if (revision === this.#revision) return this.#documents;
    const documents = new Map(this.#documents);
    for (const { event, previous } of this.#since(revision).reverse()) {
      if (previous === undefined) documents.delete(keyOf(event));
      else documents.set(keyOf(event), previous);
    }
    return documents;
  }
}
