/**
 * A channel to one of several API servers. It stays with the one it has while that answers, goes on to the next when it does
 * not, and never waits for a connect that hangs: grpc-js stays in CONNECTING for ever towards a peer that accepts and
 * says nothing (grpc-node#2785), so a channel that does is thrown away and built anew.
 */
import { type ChannelOptions, connectivityState, Client as GrpcClient } from '@grpc/grpc-js';
import type { Clock, Logger, Timer } from '@skiff/api';
import { dialling, type TlsIdentity } from './server-identity.ts';

/** How long a channel may stay in CONNECTING. */
const connectTimeoutMs = 5000;
const watchEveryMs = 1000;

const channelOptions: ChannelOptions = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
  // Retries buffer what was written, for ever on a long stream; Skiff's own callers retry knowingly.
  'grpc.enable_retries': 0,
  // A channel shares its connection with nobody, so that a bulk stream cannot hold up the calls of another channel.
  'grpc.use_local_subchannel_pool': 1,
};

export interface ChannelConfig {
  readonly endpoints: readonly string[];
  readonly tls: TlsIdentity;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class FailoverChannel {
  readonly #config: ChannelConfig;
  #tls: TlsIdentity;
  #index = 0;
  #client: GrpcClient;
  #connectingSinceMs: number | undefined;
  #timer: Timer | undefined;
  #closed = false;

  constructor(config: ChannelConfig) {
    if (config.endpoints.length === 0) throw new Error('no API server to connect to');
    this.#config = config;
    this.#tls = config.tls;
    this.#client = this.#dial();
    this.#watch();
  }

  /** The channel to use for a call that starts now. */
  get client(): GrpcClient {
    return this.#client;
  }

  /** A call over `used` found nobody: later calls go to the next server (or to a fresh channel, when there is one server). */
  failed(used: GrpcClient): void {
    if (this.#closed || used !== this.#client || this.#config.endpoints.length === 1) return;
    this.#replace('unavailable');
  }

  /** Calls that start from now on go over a new connection with this identity; those under way end on the old one. */
  useTls(tls: TlsIdentity): void {
    if (this.#closed) return;
    this.#tls = tls;
    const before = this.#client;
    this.#connectingSinceMs = undefined;
    this.#client = this.#dial();
    before.close();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#client.close();
  }

  #dial(): GrpcClient {
    const address = this.#config.endpoints[this.#index % this.#config.endpoints.length] ?? '';
    const { credentials, options } = dialling(address, this.#tls);
    return new GrpcClient(address, credentials, { ...channelOptions, ...options });
  }

  #replace(why: string): void {
    const before = this.#client;
    this.#index += 1;
    this.#connectingSinceMs = undefined;
    this.#client = this.#dial();
    this.#config.logger.debug(
      { why, endpoint: this.#config.endpoints[this.#index % this.#config.endpoints.length] },
      'another channel',
    );
    before.close();
  }

  #watch(): void {
    this.#timer = this.#config.clock.after(watchEveryMs, () => {
      if (this.#closed) return;
      const connecting = this.#client.getChannel().getConnectivityState(false) === connectivityState.CONNECTING;
      const now = this.#config.clock.now();
      if (!connecting) this.#connectingSinceMs = undefined;
      else if (this.#connectingSinceMs === undefined) this.#connectingSinceMs = now;
      else if (now - this.#connectingSinceMs >= connectTimeoutMs - watchEveryMs) this.#replace('connect timed out');
      this.#watch();
    });
  }
}
