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
import { type Correlated, createCorrelator } from './correlator.ts';

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

const maxQueued = 1000;
/** Client-go's: twelve tries, up to ten seconds apart. */
const maxTries = 12;
const retryMs = 10_000;
/** A name has 253 characters at most; sixteen and a dot are the event's own. */
const maxBaseLength = 236;
const nanosPerMs = 1_000_000;

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
  readonly #queue: Correlated[] = [];
  readonly #correlate = createCorrelator();
  #writing = false;
  #latest = 0n;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  event(about: ApiObject, type: 'Normal' | 'Warning', reason: string, message: string, fieldPath = ''): void {
    if (this.#queue.length >= maxQueued) return;
    const atMs = this.#options.clock.now();
    const correlated = this.#correlate(this.#draft({ about, type, reason, message, fieldPath, atMs }), atMs);
    if (correlated === undefined) return;
    this.#queue.push(correlated);
    if (!this.#writing) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      await this.#persist(next);
    }
    this.#writing = false;
  }

  /** Tries again while no server answers; gives up for good on anything else. */
  async #persist(correlated: Correlated): Promise<void> {
    const { clock, random, logger } = this.#options;
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#write(correlated);
        return;
      } catch (error) {
        const { reason } = correlated.event;
        logger.debug({ err: error, reason, tries }, 'an event could not be recorded');
        if (tries === maxTries || !isReason(error, 'ServiceUnavailable', 'Timeout', 'ServerTimeout', 'TooManyRequests'))
          return;
      }
      await clock.sleep(retryMs * (0.5 + random() / 2));
    }
  }

  /** What happened before raises the count of the event there is; one that the server has forgotten is made anew. */
  async #write({ event, isRepeat }: Correlated): Promise<void> {
    const events = this.#options.client.resource(resources.events);
    if (isRepeat) {
      const { namespace = '', name = '' } = event.metadata;
      const { count, lastTimestamp, message } = event;
      const patch = { count, lastTimestamp, message };
      const patched = await events.patch(namespace, name, 'merge', patch).catch(ignoring('NotFound'));
      if (patched !== undefined) return;
    }
    // An earlier try may have come through without our knowing.
    await events.create(event).catch(ignoring('AlreadyExists'));
  }

  /** The time in nanoseconds, as client-go has it: a list by name tells an object's events in their order. No two are the same. */
  #stamp(atMs: number): string {
    const nanos =
      BigInt(Math.floor(atMs)) * BigInt(nanosPerMs) + BigInt(Math.floor(this.#options.random() * nanosPerMs));
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

const wholeSeconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

const ignoring =
  (reason: StatusReason) =>
  (error: unknown): undefined => {
    if (!isReason(error, reason)) throw error;
    return undefined;
  };
