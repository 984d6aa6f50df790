/**
 * etcd3 with its own fault handling off: its retries would repeat conditional writes blindly, and its circuit breaker goes on
 * failing calls after etcd is back. What to retry is decided in this folder, where the meaning of each call is known.
 */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { CallOptions, ClientDuplexStream } from '@grpc/grpc-js';
import { castGrpcError, Etcd3, type IOptions, KVClient } from 'etcd3';
import { decodeRange, encodeRange, type RangeAnswer, type RangeRequest } from './range.ts';
import { decodeTxn, encodeTxn, type TxnAnswer, type TxnRequest } from './txn.ts';
import { decodeWatch, encodeWatch, type WatchAnswer, type WatchRequest } from './watch-stream.ts';

export interface EtcdTls {
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

/** Runs a call once and lets its error through. grpc-js begins each call with an error whose stack nobody reads, and which costs 100 us and more. */
const runOnce = {
  execute: async (run: (context: object) => unknown) => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      // Not awaited: the limit is everybody's, and is back before anything else runs.
      return run({});
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  },
} as unknown as Policy;

/** What every request costs goes around etcd3's codec, whose 64-bit objects cost more than all else that is done with them; the rest is as it makes it. */
export interface Kv extends Pick<KVClient, 'put' | 'compact'> {
  range(request: RangeRequest, options: CallOptions): Promise<RangeAnswer>;
  txn(request: TxnRequest, options: CallOptions): Promise<TxnAnswer>;
}

export type WatchStream = ClientDuplexStream<WatchRequest, WatchAnswer>;

class ExposedEtcd extends Etcd3 {
  readonly kvCalls: Kv = Object.assign(new KVClient(this.pool), {
    range: (request: RangeRequest, options: CallOptions) =>
      this.#unary('Range', encodeRange, decodeRange, request, options),
    txn: (request: TxnRequest, options: CallOptions) =>
      this.#unary('Txn', encodeTxn, (bytes: Buffer) => decodeTxn(bytes, request), request, options),
  });

  watchStream(): Promise<WatchStream> {
    return this.pool.withConnection('Watch', ({ resource, client, metadata }) => {
      const stream = client.makeBidiStreamRequest('/etcdserverpb.Watch/Watch', encodeWatch, decodeWatch, metadata, {});
      stream.on('error', (error) => stream.writable && this.pool.markFailed(resource, error));
      return stream;
    });
  }

  #unary<Request, Answer>(
    method: string,
    encode: (request: Request) => Buffer,
    decode: (bytes: Buffer) => Answer,
    request: Request,
    options: CallOptions,
  ): Promise<Answer> {
    return this.pool.withConnection('KV', ({ client, metadata }) => {
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      client.makeUnaryRequest(
        `/etcdserverpb.KV/${method}`,
        encode,
        decode,
        request,
        metadata,
        options,
        (error, answer) => {
          if (answer !== undefined) resolve(answer);
          // By its own errors etcd3 knows which channels to throw away.
          else reject(castGrpcError(error ?? new Error('etcd gave no answer')));
        },
      );
      return promise;
    });
  }
}

export class EtcdConnection {
  readonly #options: IOptions;
  #etcd: ExposedEtcd;
  #generation = 0;

  constructor(endpoints: readonly string[], credentials: IOptions['credentials']) {
    this.#options = {
      hosts: [...endpoints],
      ...(credentials === undefined ? {} : { credentials }),
      faultHandling: { host: () => runOnce, global: runOnce },
      grpcOptions: {
        'grpc.max_receive_message_length': -1,
        'grpc.max_send_message_length': -1,
        'grpc.keepalive_time_ms': 10_000,
        'grpc.keepalive_timeout_ms': 5_000,
        'grpc.initial_reconnect_backoff_ms': 50,
        'grpc.max_reconnect_backoff_ms': 1000,
        // Pages of the whole state are megabytes: with HTTP/2's 64 KiB each would wait for a score of window updates.
        'grpc-node.flow_control_window': 4 * 1024 * 1024,
        'grpc.enable_retries': 0,
        'grpc.enable_channelz': 0,
        'grpc.use_local_subchannel_pool': 1,
        ...serverName(endpoints),
      },
    };
    this.#etcd = new ExposedEtcd(this.#options);
  }

  get kv(): Kv {
    return this.#etcd.kvCalls;
  }

  watch(): Promise<WatchStream> {
    return this.#etcd.watchStream();
  }

  /** Grows with every reset: who finds a channel hanging tells by it whether somebody else has reset it meanwhile. */
  get generation(): number {
    return this.#generation;
  }

  /** Throws the channels away: one that hangs in a connect never comes back by itself (grpc-node#2785). */
  reset(): void {
    const before = this.#etcd;
    this.#generation += 1;
    this.#etcd = new ExposedEtcd(this.#options);
    before.close();
  }

  close(): void {
    this.#etcd.close();
  }
}

/**
 * TLS forbids an IP address as server name and Node throws on one; etcd3 offers no way to check a certificate against an
 * address. An etcd that is dialled by address must therefore hold a certificate that names `localhost` too, as
 * kubeadm's and ours do.
 */
function serverName(endpoints: readonly string[]): IOptions['grpcOptions'] {
  const byAddress = endpoints.some((endpoint) => {
    const { protocol, hostname } = new URL(endpoint);
    return protocol === 'https:' && isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0;
  });
  return byAddress ? { 'grpc.ssl_target_name_override': 'localhost' } : {};
}

/** Reads the TLS files of an etcd that asks for a client certificate. */
export async function readCredentials(tls: EtcdTls | undefined): Promise<IOptions['credentials']> {
  if (tls === undefined) return undefined;
  const [rootCertificate, certChain, privateKey] = await Promise.all([
    readFile(tls.caFile),
    readFile(tls.certificateFile),
    readFile(tls.keyFile),
  ]);
  return { rootCertificate, certChain, privateKey };
}
