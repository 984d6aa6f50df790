/** Kubernetes Events: what happened to an object, for whoever describes it. Never throws, never blocks. */
import {
  type ApiObject,
  type Clock,
  type Draft,
  type Event,
  isReason,
  type Logger,
  type Random,
  resources,
  type StatusReason,
} from '@skiff/api';
import type { Client, EventRecorder } from '../contract.ts';

export interface RecorderOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** `kubelet`, `default-scheduler`: what `kubectl describe` shows under From. */
  readonly component: string;
  /** The node, for an agent. */
  readonly host?: string;
}

/** Client-go's spam filter: 25 at once for each object, then one in five minutes. */
const burst = 25;
const refillMs = 5 * 60 * 1000;
const maxQueued = 1000;
const maxRemembered = 4096;
/** Client-go's: twelve tries, up to ten seconds apart. */
const maxTries = 12;
const retryMs = 10_000;
/** A name has 253 characters at most; sixteen and a dot are the event's own. */
const maxBaseLength = 236;
const nanosPerMs = 1_000_000;

interface Remembered {
  readonly namespace: string;
  readonly name: string;
  readonly count: number;
}

interface Bucket {
  tokens: number;
  refilledMs: number;
}

interface Happening {
  readonly about: ApiObject;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly fieldPath: string;
  readonly atMs: number;
}

export function createEventRecorder(options: RecorderOptions): EventRecorder {
  return new Recorder(options);
}

class Recorder implements EventRecorder {
  readonly #options: RecorderOptions;
  readonly #queue: Happening[] = [];
  readonly #remembered = new Map<string, Remembered>();
  readonly #buckets = new Map<string, Bucket>();
  #writing = false;
  #latest = 0n;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  event(about: ApiObject, type: 'Normal' | 'Warning', reason: string, message: string, fieldPath = ''): void {
    const atMs = this.#options.clock.now();
    if (this.#queue.length >= maxQueued || !this.#admit(about.metadata.uid, atMs)) return;
    this.#queue.push({ about, type, reason, message, fieldPath, atMs });
    if (!this.#writing) void this.#drain();
  }

  #admit(uid: string, nowMs: number): boolean {
    const bucket = remember(this.#buckets, uid, this.#buckets.get(uid) ?? { tokens: burst, refilledMs: nowMs });
    const earned = Math.floor((nowMs - bucket.refilledMs) / refillMs);
    if (earned > 0) {
      bucket.tokens = Math.min(burst, bucket.tokens + earned);
      bucket.refilledMs = nowMs;
    }
    if (bucket.tokens === 0) return false;
    bucket.tokens -= 1;
    return true;
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      await this.#persist(next);
    }
    this.#writing = false;
  }

  /** Tries again while no server answers; gives up for good on anything else. */
  async #persist(happening: Happening): Promise<void> {
    const { clock, random, logger } = this.#options;
    const draft = this.#draft(happening);
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#write(happening, draft);
        return;
      } catch (error) {
        const { reason } = happening;
        logger.debug({ err: error, reason, tries }, 'an event could not be recorded');
        if (tries === maxTries || !isReason(error, 'ServiceUnavailable', 'Timeout', 'ServerTimeout', 'TooManyRequests'))
          return;
      }
      await clock.sleep(retryMs * (0.5 + random() / 2));
    }
  }

  /** The same happening again raises the count of the event there is. */
  async #write({ about, type, reason, message, fieldPath, atMs }: Happening, draft: Draft<Event>): Promise<void> {
    const key = [about.metadata.uid, fieldPath, type, reason, message].join('\n');
    const before = this.#remembered.get(key);
    const events = this.#options.client.resource(resources.events);
    if (before !== undefined) {
      const count = before.count + 1;
      const patch = { count, lastTimestamp: wholeSeconds(atMs) };
      const patched = await events.patch(before.namespace, before.name, 'merge', patch).catch(ignoring('NotFound'));
      if (patched !== undefined) {
        remember(this.#remembered, key, { ...before, count });
        return;
      }
    }
    // An earlier try may have come through without our knowing.
    await events.create(draft).catch(ignoring('AlreadyExists'));
    const { namespace = '', name = '' } = draft.metadata;
    remember(this.#remembered, key, { namespace, name, count: 1 });
  }

  /** The time in nanoseconds, as client-go has it: a list by name tells an object's events in their order. No two are the same. */
  #stamp(atMs: number): string {
    const nanos = BigInt(atMs) * BigInt(nanosPerMs) + BigInt(Math.floor(this.#options.random() * nanosPerMs));
    this.#latest = nanos > this.#latest ? nanos : this.#latest + 1n;
    return this.#latest.toString(16).padStart(16, '0');
  }

  #draft({ about, type, reason, message, fieldPath, atMs }: Happening): Draft<Event> {
    const { component, host } = this.#options;
    const namespace = about.metadata.namespace ?? '';
    return {
      apiVersion: 'v1' as const,
      kind: 'Event' as const,
      metadata: {
        name: `${about.metadata.name.slice(0, maxBaseLength).replace(/[.-]+$/, '')}.${this.#stamp(atMs)}`,
        namespace: namespace === '' ? 'default' : namespace,
      },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        name: about.metadata.name,
        uid: about.metadata.uid,
        ...(namespace === '' ? {} : { namespace }),
        ...(about.metadata.resourceVersion === '' ? {} : { resourceVersion: about.metadata.resourceVersion }),
        ...(fieldPath === '' ? {} : { fieldPath }),
      },
      type,
      reason,
      message: message.slice(0, 1024),
      count: 1,
      firstTimestamp: wholeSeconds(atMs),
      lastTimestamp: wholeSeconds(atMs),
      source: { component, ...(host === undefined ? {} : { host }) },
      reportingComponent: component,
      reportingInstance: host ?? '',
    };
  }
}

/** Sets, and forgets the oldest beyond the bound. */
function remember<T>(map: Map<string, T>, key: string, value: T): T {
  map.delete(key);
  map.set(key, value);
  if (map.size > maxRemembered) map.delete(map.keys().next().value ?? '');
  return value;
}

const wholeSeconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

const ignoring =
  (reason: StatusReason) =>
  (error: unknown): undefined => {
    if (!isReason(error, reason)) throw error;
    return undefined;
  };
