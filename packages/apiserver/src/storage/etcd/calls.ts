/**
 * Unary calls of etcd under two guards. Every call has a deadline, and etcd3 throws away the channel that let it pass, since that
 * one may hang in a connect for ever (grpc-node#2785). And an answer from before what this process has seen already is refused:
 * etcd before 3.4.42 may read stale after a pause, before 3.4.32 it may fall back after a crash in a compaction, and somebody may
 * have restored a backup under a running server.
 */
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
  #lifting: Promise<void> | undefined;
  #fellBack = new AbortController();

  constructor(options: EtcdCallsOptions) {
    this.#options = options;
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
    const answer = await this.#timed(call);
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

  #timed<T>(call: (kv: Kv, options: CallOptions) => Promise<T>): Promise<T> {
    const { clock, connection } = this.#options;
    return call(connection.kv, { deadline: clock.now() + callTimeoutMs });
  }

  /** One write tells a stale read (the write's revision is a new one) from an etcd that fell back, which is written forward. */
  async #lift(floor: bigint): Promise<void> {
    const { logger } = this.#options;
    for (let writes = 1; writes <= maxLift; writes += 1) {
      const request = { key: liftKey, value: Buffer.from(String(floor)) };
      const { header } = await this.#timed((kv, options) => kv.put(request, options));
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
