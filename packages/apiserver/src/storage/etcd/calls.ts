/**
 * Unary calls of etcd under three guards. Every call has a deadline. A channel that lets a deadline pass and has answered nothing
 * since the call began is thrown away, since it may hang in a connect for ever (grpc-node#2785). And an answer from before
 * what this process has seen already is refused: etcd before 3.4.42 may read stale after a pause, before 3.4.32 it may fall back
 * after a crash in a compaction, and somebody may have restored a backup under a running server.
 */
import { status } from '@grpc/grpc-js';
import type { Clock, Logger } from '@skiff/api';
import { StoreError } from '../contract.ts';
import type { EtcdConnection } from './connection.ts';

type Kv = EtcdConnection['kv'];
type CallOptions = { readonly deadline: number };

export interface EtcdCallsOptions {
  readonly connection: EtcdConnection;
  readonly clock: Clock;
  readonly logger: Logger;
}

const callTimeoutMs = 5000;
/** Written to make an etcd that fell back as new again as it was: outside of everything that is watched for documents. */
const liftKey = Buffer.from('/skiff/revision');
/** An etcd that fell back further was restored from a backup; then its clients have to start anew. */
const maxLift = 10_000;

export class EtcdCalls {
  readonly #options: EtcdCallsOptions;
  /** The newest revision any answer has told. */
  #highest = 0n;
  #lastAnswerMs: number;
  #lifting: Promise<void> | undefined;
  #fellBack = new AbortController();

  constructor(options: EtcdCallsOptions) {
    this.#options = options;
    this.#lastAnswerMs = options.clock.now();
  }

  /** Aborts when etcd has fallen back: what watches have delivered since is not to be trusted. */
  get fallback(): AbortSignal {
    return this.#fellBack.signal;
  }

  /** Throws what etcd3 throws, and Error for an answer from the past: a write so answered has happened, at a revision of no use. */
  async run<T extends { readonly header: { readonly revision: string | bigint } }>(
    call: (kv: Kv, options: CallOptions) => Promise<T>,
  ): Promise<T> {
    const floor = this.#highest;
    const answer = await this.#watched(call);
    const revision = BigInt(answer.header.revision);
    if (revision < floor) {
      this.#lifting ??= this.#lift(floor).finally(() => {
        this.#lifting = undefined;
      });
      await this.#lifting;
      throw new Error(`etcd answered as of revision ${revision}, after revision ${floor}`);
    }
    if (revision > this.#highest) this.#highest = revision;
    return answer;
  }

  async #watched<T>(call: (kv: Kv, options: CallOptions) => Promise<T>): Promise<T> {
    const { clock, connection, logger } = this.#options;
    const beganMs = clock.now();
    const channel = connection.generation;
    try {
      const answer = await call(connection.kv, { deadline: beganMs + callTimeoutMs });
      this.#lastAnswerMs = clock.now();
      return answer;
    } catch (error) {
      const isLate = (error as { code?: number }).code === status.DEADLINE_EXCEEDED;
      if (isLate && this.#lastAnswerMs < beganMs && connection.generation === channel) {
        logger.warn({ err: error }, 'etcd does not answer; connecting anew');
        connection.reset();
      }
      throw error;
    }
  }

  /** One write tells a stale read (the write's revision is a new one) from an etcd that fell back, which is written forward. */
  async #lift(floor: bigint): Promise<void> {
    const { logger } = this.#options;
    for (let writes = 1; writes <= maxLift; writes += 1) {
      const request = { key: liftKey, value: Buffer.from(String(floor)) };
      const { header } = await this.#watched((kv, options) => kv.put(request, options));
      const revision = BigInt(header.revision);
      if (revision <= floor) continue;
      if (revision > this.#highest) this.#highest = revision;
      if (writes === 1) return;
      logger.error(
        { floor: String(floor), writes },
        'etcd had fallen back; it was written forward, all watches list anew',
      );
      this.#fellBack.abort(new StoreError('compacted', '', 'etcd had fallen back'));
      this.#fellBack = new AbortController();
      return;
    }
    logger.error(
      { floor: String(floor) },
      'etcd has fallen far back, as after a restored backup; restart the API server',
    );
  }
}
