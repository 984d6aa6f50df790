/**
 * A channel to one of several API servers. It stays with the one it has while that answers, goes on to the next when it does
 * not, and never waits for a connect that hangs: grpc-js stays in CONNECTING for ever towards a peer that accepts and
 * says nothing (grpc-node#2785), so a channel that does is thrown away and built anew.
 */
import { type ChannelOptions, connectivityState, Client as GrpcClient } from '@grpc/grpc-js';
import { ApiError, type Clock, type Logger, type Timer } from '@skiff/api';
import type { Dialling } from './server-identity.ts';
import { type TrackedCredentials, trackSockets } from './sockets.ts';

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

/** How to reach an endpoint, `host:port`. */
export type Dial = (endpoint: string) => Dialling;

export interface ChannelConfig {
  readonly endpoints: readonly string[];
  readonly dial: Dial;
  readonly userAgent?: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Dialled {
  readonly client: GrpcClient;
  readonly sockets: TrackedCredentials;
}

export class FailoverChannel {
  readonly #config: ChannelConfig;
  #how: Dial;
  #index = 0;
  #current: Dialled;
  #connecting: Connecting = { sinceMs: undefined, lookedMs: 0 };
  #timer: Timer | undefined;
  #closed = false;

  constructor(config: ChannelConfig) {
    if (config.endpoints.length === 0) throw new Error('no API server to connect to');
    this.#config = config;
    this.#how = config.dial;
    this.#current = this.#dial();
    this.#watch();
  }

  /** The channel to use for a call that starts now. Throws ServiceUnavailable once closed. */
  get client(): GrpcClient {
    if (this.#closed) throw new ApiError('ServiceUnavailable', 'the client was closed');
    return this.#current.client;
  }

  /** A call over `used` found nobody: later calls go to the next server (or to a fresh channel, when there is one server). */
  failed(used: GrpcClient): void {
    if (this.#closed || used !== this.#current.client || this.#config.endpoints.length === 1) return;
    this.#replace('unavailable');
  }

  /** Calls that start from now on go over a new connection, dialled like this; those under way end on the old one. */
  dialLike(how: Dial): void {
    if (this.#closed) return;
    this.#how = how;
    this.#redial();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    hangUp(this.#current);
  }

  #dial(): Dialled {
    const { credentials, options } = this.#how(this.#endpoint());
    const { userAgent } = this.#config;
    const agent = userAgent === undefined ? {} : { 'grpc.primary_user_agent': userAgent };
    const sockets = trackSockets(credentials);
    return {
      client: new GrpcClient(this.#endpoint(), sockets.credentials, { ...channelOptions, ...agent, ...options }),
      sockets,
    };
  }

  #endpoint(): string {
    const { endpoints } = this.#config;
    return endpoints[this.#index % endpoints.length] ?? '';
  }

  #replace(why: string): void {
    this.#index += 1;
    this.#redial();
    this.#config.logger.debug({ why, endpoint: this.#endpoint() }, 'another channel');
  }

  #redial(): void {
    const before = this.#current;
    this.#connecting = { ...this.#connecting, sinceMs: undefined };
    this.#current = this.#dial();
    hangUp(before);
  }

  /** Looks now and then while the channel connects; at rest it waits until that changes. */
  #watch(): void {
    if (this.#closed) return;
    this.#timer = this.#config.clock.after(watchEveryMs, () => {
      const state = stateOf(this.#current);
      const isConnecting = state === connectivityState.CONNECTING;
      this.#connecting = lookAtConnect(this.#connecting, isConnecting, this.#config.clock.now());
      if (hangs(this.#connecting)) this.#replace('connect timed out');
      if (isConnecting) this.#watch();
      else
        this.#current.client.getChannel().watchConnectivityState(state, Number.POSITIVE_INFINITY, () => this.#watch());
    });
  }
}

/** Since when a connect is under way, as looked at once a second. */
export interface Connecting {
  readonly sinceMs: number | undefined;
  readonly lookedMs: number;
}

/** After another look. One that comes late counts as the first: the process stood still, and may not have read the answer yet. */
export function lookAtConnect(before: Connecting, isConnecting: boolean, nowMs: number): Connecting {
  if (!isConnecting) return { sinceMs: undefined, lookedMs: nowMs };
  const stoodStill = nowMs - before.lookedMs > 2 * watchEveryMs;
  return { sinceMs: stoodStill ? nowMs : (before.sinceMs ?? nowMs), lookedMs: nowMs };
}

export const hangs = ({ sinceMs, lookedMs }: Connecting): boolean =>
  sinceMs !== undefined && lookedMs - sinceMs >= connectTimeoutMs - watchEveryMs;

const stateOf = ({ client }: Dialled): connectivityState => client.getChannel().getConnectivityState(false);

/** Calls under way on a connection that stands may end; a connection that does not stand is dropped. */
function hangUp(dialled: Dialled): void {
  const stands = stateOf(dialled) === connectivityState.READY;
  dialled.client.close();
  if (!stands) dialled.sockets.abandon();
}
