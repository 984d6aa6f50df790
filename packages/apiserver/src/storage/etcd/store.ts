/** The store on etcd 3.4 and newer. Every write is guarded by the key's mod revision; writes in flight together share transactions. */
import { setImmediate } from 'node:timers/promises';
import type { Clock, Logger, Random } from '@skiff/api';
import {
  type BytesPage,
  type EventBatch,
  isStoreError,
  type ListOptions,
  type Page,
  type Store,
  type StoredDocument,
  StoreError,
  type Text,
} from '../contract.ts';
import { Batcher } from './batcher.ts';
import { EtcdCalls } from './calls.ts';
import { EtcdConnection, type EtcdTls, readCredentials } from './connection.ts';
import { readError, writeError } from './errors.ts';
import { takeWrites } from './group-commit.ts';
import { prefixEnd, toBytes } from './keys.ts';
import type { KeyValue, RangeAnswer, RangeRequest } from './range.ts';
import { type KeyRead, takeReads, toDocuments, toReadTransaction } from './reads.ts';
import { revisionOf, topOf, versionOf } from './versions.ts';
import { watchEvents } from './watch.ts';
import { deleteWrite, type GuardedWrite, putWrite, toOutcomes, toTransaction, type WriteOutcome } from './writes.ts';

export interface EtcdStoreOptions {
  /** Client URLs. */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTls;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const firstPage = 500;
const largestPage = 4000;
const pageBytes = 16 * 1024 * 1024;
/** Keys handed on in one turn: a request that is served beside it waits for some twenty turns. */
const sliceSize = 50;
const keysPageSize = 10_000;
/** A write without answer is tried this often, with the same guard, before its outcome is given up as unknown. */
const writeAttempts = 4;

/** How many keys to ask for next. For every page etcd 3.4 looks at all keys that are left, so a long list of small documents takes longer ones. */
function nextPage(size: number, kvs: readonly KeyValue[]): number {
  const bytes = kvs.reduce((sum, { value }) => sum + value.length, 0);
  return Math.max(1, Math.min(2 * size, largestPage, Math.floor((pageBytes * kvs.length) / Math.max(1, bytes))));
}

export async function createEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  return new EtcdStore(options, new EtcdConnection(options.endpoints, await readCredentials(options.tls)));
}

class EtcdStore implements Store {
  readonly #options: EtcdStoreOptions;
  readonly #connection: EtcdConnection;
  readonly #calls: EtcdCalls;
  readonly #writes: Batcher<GuardedWrite, WriteOutcome>;
  readonly #reads: Batcher<KeyRead, StoredDocument | undefined>;
  readonly #closing = new AbortController();

  constructor(options: EtcdStoreOptions, connection: EtcdConnection) {
    this.#options = options;
    this.#connection = connection;
    this.#calls = new EtcdCalls({ ...options, connection });
    const { clock } = options;
    this.#writes = new Batcher({ clock, take: takeWrites, run: (writes) => this.#commit(writes) });
    this.#reads = new Batcher({ clock, take: takeReads, run: (reads) => this.#read(reads) });
  }

  async get(key: string, signal?: AbortSignal): Promise<StoredDocument | undefined> {
    signal?.throwIfAborted();
    const document = await this.#reads.submit({ key });
    signal?.throwIfAborted();
    return document;
  }

  async list(prefix: string, options: ListOptions = {}, signal?: AbortSignal): Promise<Page> {
    const documents: StoredDocument[] = [];
    let last = { revision: 0n, remaining: 0 };
    for await (const { documents: some, revision, remaining } of this.#pages(prefix, options, signal)) {
      for (const { key, bytes, version } of some) documents.push({ key, text: bytes.toString(), version });
      last = { revision, remaining };
    }
    return { documents, ...last };
  }

  pages(
    prefix: string,
    options: Pick<ListOptions, 'revision' | 'after'> = {},
    signal?: AbortSignal,
  ): AsyncIterable<BytesPage> {
    return this.#pages(prefix, options, signal);
  }

  async *#pages(
    prefix: string,
    { after, limit: most = Number.POSITIVE_INFINITY, revision: asOf }: ListOptions,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<BytesPage & { readonly remaining: number }> {
    let revision = asOf === undefined ? undefined : revisionOf(asOf);
    let size = firstPage;
    let wanted = most;
    let next = this.#range(prefix, { limit: Math.min(size, wanted), ...pageOf(prefix, after, revision) }, signal);
    for (;;) {
      const { kvs, count, header } = await next;
      // All pages of one list are of one revision: the first one's.
      revision ??= header.revision;
      const remaining = count - kvs.length;
      wanted -= kvs.length;
      const isLast = remaining === 0 || wanted === 0;
      if (!isLast) {
        // etcd reads a page while this one is read here.
        size = nextPage(size, kvs);
        next = this.#range(
          prefix,
          { limit: Math.min(size, wanted), ...pageOf(prefix, kvs.at(-1)?.key, revision) },
          signal,
        );
        // Who has had enough of a list before its end does not ask for this page.
        next.catch(() => undefined);
      }
      // Little at a time: the request for the next page goes out meanwhile, what comes of it is taken in, and nobody is held up for long.
      for (let start = 0; start === 0 || start < kvs.length; start += sliceSize) {
        await setImmediate();
        const documents = kvs.slice(start, start + sliceSize).map(toBytes);
        yield { documents, revision: topOf(revision), remaining };
      }
      if (isLast) return;
    }
  }

  async versions(prefix: string, revision: bigint): Promise<ReadonlyMap<string, bigint>> {
    const versions = new Map<string, bigint>();
    let after: string | undefined;
    for (;;) {
      const page = { limit: keysPageSize, keysOnly: true, ...pageOf(prefix, after, revisionOf(revision)) };
      const { kvs, count } = await this.#range(prefix, page);
      for (const { key, modRevision } of kvs) versions.set(key, versionOf(key, modRevision));
      if (count === kvs.length) return versions;
      after = kvs.at(-1)?.key;
    }
  }

  async create(key: string, text: Text): Promise<bigint> {
    const write = putWrite(key, text, 0n);
    const outcome = await this.#write(write, (current) => current?.text === String(text));
    if (outcome.done) return outcome.version;
    const { current } = outcome;
    throw new StoreError('exists', key, `${key} exists`, current === undefined ? {} : { current });
  }

  async update(key: string, text: Text, expected: bigint): Promise<bigint> {
    const write = putWrite(key, text, expected);
    return versionFrom(
      write,
      await this.#write(write, (current) => current?.text === String(text) && current.version > expected),
    );
  }

  async delete(key: string, expected: bigint): Promise<bigint> {
    const write = deleteWrite(key, expected);
    return versionFrom(write, await this.#write(write, (current) => current === undefined));
  }

  watch(prefix: string, after: bigint, signal: AbortSignal): AsyncIterable<EventBatch> {
    return watchEvents(
      { connection: this.#connection, calls: this.#calls, ...this.#options },
      prefix,
      after,
      AbortSignal.any([signal, this.#closing.signal]),
    );
  }

  async revision(signal?: AbortSignal): Promise<bigint> {
    const { header } = await this.#range('', { key: Buffer.from('/'), countOnly: true }, signal);
    return topOf(header.revision);
  }

  before(revision: bigint, transactions: number): bigint {
    const earlier = revisionOf(revision) - BigInt(transactions);
    return topOf(earlier < 1n ? 1n : earlier);
  }

  async compact(revision: bigint): Promise<void> {
    try {
      await this.#calls.run((kv, options) => kv.compact({ revision: String(revisionOf(revision)) }, options));
    } catch (error) {
      const failure = readError('', error);
      // Another API server has done it.
      if (failure.code !== 'compacted') throw failure;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#connection.close();
  }

  async #range(key: string, request: RangeRequest, signal?: AbortSignal): Promise<RangeAnswer> {
    signal?.throwIfAborted();
    try {
      const answer = await this.#calls.run((kv, options) => kv.range(request, options));
      signal?.throwIfAborted();
      return answer;
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : readError(key, error);
    }
  }

  async #read(reads: readonly KeyRead[]): Promise<readonly (StoredDocument | undefined)[]> {
    const key = reads[0]?.key ?? '';
    try {
      const transaction = toReadTransaction(reads);
      return toDocuments(reads, await this.#calls.run((kv, options) => kv.txn(transaction, options)));
    } catch (error) {
      throw readError(key, error);
    }
  }

  async #commit(writes: readonly GuardedWrite[]): Promise<readonly WriteOutcome[]> {
    const key = writes[0]?.key ?? '';
    try {
      const transaction = toTransaction(writes);
      return toOutcomes(writes, await this.#calls.run((kv, options) => kv.txn(transaction, options)));
    } catch (error) {
      throw writeError(key, error);
    }
  }

  /**
   * A write that got no answer is sent again with the same guard. When the guard then fails, what the key holds tells: our
   * own document means that the first attempt had happened; anything else leaves the outcome unknown.
   */
  async #write(write: GuardedWrite, isOurs: (current: StoredDocument | undefined) => boolean): Promise<WriteOutcome> {
    let unanswered: StoreError | undefined;
    for (let attempt = 1; attempt <= writeAttempts; attempt += 1) {
      const outcome = await this.#writes.submit(write).catch((error: unknown) => writeError(write.key, error));
      if (outcome instanceof StoreError) {
        if (outcome.code !== 'unknown-outcome') throw unanswered ?? outcome;
        unanswered = outcome;
        await this.#options.clock.sleep(50 * 2 ** attempt * (0.5 + this.#options.random()));
        continue;
      }
      if (outcome.done || unanswered === undefined) return outcome;
      if (!isOurs(outcome.current)) throw unanswered;
      const version = outcome.current?.version ?? (await this.#deletionOf(write));
      if (version === undefined) throw unanswered;
      return { done: true, version };
    }
    throw unanswered ?? new StoreError('unavailable', write.key, 'no attempt was made');
  }

  /** The revision of the deletion that ended `expected`; undefined when something else did, or history is gone. */
  async #deletionOf({ key, expected }: GuardedWrite): Promise<bigint | undefined> {
    try {
      for await (const { events } of this.watch(key, expected, new AbortController().signal)) {
        const next = events.find((event) => (event.type === 'put' ? event.document.key : event.key) === key);
        if (next !== undefined) return next.type === 'delete' ? next.version : undefined;
      }
    } catch (error) {
      if (!isStoreError(error, 'compacted')) throw error;
    }
    return undefined;
  }
}

const pageOf = (prefix: string, after: string | undefined, revision: bigint | undefined): RangeRequest => ({
  // etcd takes no empty key: the first there can be is one zero byte.
  key: Buffer.from(after === undefined ? prefix || '\0' : `${after}\0`),
  end: prefixEnd(prefix),
  ...(revision === undefined ? {} : { revision }),
});

function versionFrom({ key, expected }: GuardedWrite, outcome: WriteOutcome): bigint {
  if (outcome.done) return outcome.version;
  const { current } = outcome;
  if (current === undefined) throw new StoreError('missing', key, `${key} is gone`);
  throw new StoreError('conflict', key, `${key} is at ${current.version}, not ${expected}`, { current });
}
