/** The store on etcd 3.4 and newer. Every write is one transaction guarded by the key's mod revision. */
import type { Clock, Logger, Random } from '@skiff/api';
import type { ICompare, IRequestOp, ITxnResponse } from 'etcd3';
import {
  type EventBatch,
  type ListOptions,
  type Page,
  type Store,
  type StoredDocument,
  StoreError,
} from '../contract.ts';
import { EtcdConnection, type EtcdTls, readCredentials } from './connection.ts';
import { readError, writeError } from './errors.ts';
import { prefixEnd, toDocument } from './keys.ts';
import { watchEvents } from './watch.ts';

export interface EtcdStoreOptions {
  /** Client URLs. */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTls;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const callTimeoutMs = 5000;
const pageSize = 500;
/** A write without answer is tried this often, with the same guard, before its outcome is given up as unknown. */
const writeAttempts = 4;

export async function createEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  return new EtcdStore(options, new EtcdConnection(options.endpoints, await readCredentials(options.tls)));
}

interface GuardedWrite {
  readonly key: string;
  readonly expected: bigint;
  readonly operation: IRequestOp;
  /** Whether what the key holds now is this write's own doing. */
  readonly isOurs: (current: StoredDocument | undefined) => boolean;
}

class EtcdStore implements Store {
  readonly #options: EtcdStoreOptions;
  readonly #connection: EtcdConnection;
  readonly #closing = new AbortController();

  constructor(options: EtcdStoreOptions, connection: EtcdConnection) {
    this.#options = options;
    this.#connection = connection;
  }

  async get(key: string): Promise<StoredDocument | undefined> {
    const { kvs } = await this.#range(key, { key: Buffer.from(key) });
    return kvs[0] === undefined ? undefined : toDocument(kvs[0]);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Page> {
    const documents: StoredDocument[] = [];
    let { revision, after } = options;
    for (;;) {
      const limit = Math.min(pageSize, (options.limit ?? Number.POSITIVE_INFINITY) - documents.length);
      const { kvs, count, header } = await this.#range(prefix, {
        key: Buffer.from(after === undefined ? prefix : `${after}\0`),
        range_end: prefixEnd(prefix),
        limit,
        ...(revision === undefined ? {} : { revision: String(revision) }),
      });
      // All pages of one list are of one revision: the first one's.
      revision ??= BigInt(header.revision);
      for (const kv of kvs) documents.push(toDocument(kv));
      after = documents.at(-1)?.key;
      const remaining = Number(count) - kvs.length;
      if (remaining === 0 || documents.length === options.limit) return { documents, revision, remaining };
    }
  }

  create(key: string, text: string): Promise<bigint> {
    return this.#write({
      key,
      expected: 0n,
      operation: put(key, text),
      isOurs: (current) => current?.text === text,
    }).catch((error: unknown) => {
      if (error instanceof StoreError && error.code === 'conflict') {
        throw new StoreError(
          'exists',
          key,
          `${key} exists`,
          error.current === undefined ? {} : { current: error.current },
        );
      }
      throw error;
    });
  }

  update(key: string, text: string, expected: bigint): Promise<bigint> {
    return this.#write({
      key,
      expected,
      operation: put(key, text),
      isOurs: (current) => current?.text === text && current.version > expected,
    });
  }

  delete(key: string, expected: bigint): Promise<bigint> {
    const operation = { request_delete_range: { key: Buffer.from(key) } };
    return this.#write({ key, expected, operation, isOurs: (current) => current === undefined });
  }

  watch(prefix: string, after: bigint, signal: AbortSignal): AsyncIterable<EventBatch> {
    return watchEvents(
      { connection: this.#connection, ...this.#options },
      prefix,
      after,
      AbortSignal.any([signal, this.#closing.signal]),
    );
  }

  async revision(): Promise<bigint> {
    const { header } = await this.#range('', { key: Buffer.from('/'), limit: 1, count_only: true });
    return BigInt(header.revision);
  }

  async compact(revision: bigint): Promise<void> {
    try {
      await this.#connection.kv.compact({ revision: String(revision) }, this.#deadline());
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

  async #range(key: string, request: Parameters<EtcdConnection['kv']['range']>[0]) {
    try {
      return await this.#connection.kv.range(request, this.#deadline());
    } catch (error) {
      throw readError(key, error);
    }
  }

  /**
   * A write that got no answer is sent again with the same guard. When the guard then fails, what the key holds tells: our
   * own document means that the first attempt had happened.
   */
  async #write(write: GuardedWrite): Promise<bigint> {
    let unanswered: StoreError | undefined;
    for (let attempt = 1; attempt <= writeAttempts; attempt += 1) {
      const answer = await this.#transact(write).catch((error: unknown) => writeError(write.key, error));
      if (answer instanceof StoreError) {
        if (answer.code !== 'unknown-outcome') throw answer;
        unanswered = answer;
        await this.#options.clock.sleep(50 * 2 ** attempt * (0.5 + this.#options.random()));
        continue;
      }
      const revision = BigInt(answer.header.revision);
      if (answer.succeeded) return revision;
      const found = answer.responses[0]?.response_range.kvs[0];
      const current = found === undefined ? undefined : toDocument(found);
      if (unanswered !== undefined && write.isOurs(current)) return current?.version ?? revision;
      if (unanswered !== undefined) throw unanswered;
      if (current === undefined) throw new StoreError('missing', write.key, `${write.key} is gone`);
      throw new StoreError('conflict', write.key, `${write.key} is at ${current.version}, not ${write.expected}`, {
        current,
      });
    }
    throw unanswered ?? new StoreError('unavailable', write.key, 'no attempt was made');
  }

  #transact({ key, expected, operation }: GuardedWrite): Promise<ITxnResponse> {
    const compare: ICompare = { key: Buffer.from(key), target: 'Mod', result: 'Equal', mod_revision: String(expected) };
    const failure: IRequestOp = { request_range: { key: Buffer.from(key) } };
    return this.#connection.kv.txn({ compare: [compare], success: [operation], failure: [failure] }, this.#deadline());
  }

  #deadline(): { deadline: number } {
    return { deadline: this.#options.clock.now() + callTimeoutMs };
  }
}

const put = (key: string, text: string): IRequestOp => ({
  request_put: { key: Buffer.from(key), value: Buffer.from(text) },
});
