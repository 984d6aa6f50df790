/** Runs something on one of several candidates: the holder of a Lease. */
import { type Clock, isReason, type Lease, type Logger, type Random, resources } from '@skiff/api';
import type { Client, EventRecorder } from '../contract.ts';
import { defaultTimes, type ElectionTimes, heldBy, mayTake, type Sighting, sight } from './election.ts';

export interface ElectionOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Unique among the candidates. */
  readonly identity: string;
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Hears of the Lease that this candidate leads now. */
  readonly recorder: Pick<EventRecorder, 'event'>;
  readonly times?: ElectionTimes;
}

/** The Lease could not be renewed in time. Somebody else may lead now: what the process holds in memory is not to be trusted. */
export class LeaseLost extends Error {
  constructor({ namespace, name }: ElectionOptions['lease']) {
    super(`the lease ${namespace}/${name} was lost`);
    this.name = 'LeaseLost';
  }
}

/**
 * Waits for the Lease, runs `lead` while it is held, gives it back at the end. `lead`'s signal aborts when `signal` does, or when the
 * Lease could not be renewed in time: then this rejects with LeaseLost, and the process should end rather than go on beside a new
 * leader. The Lease is renewed until `lead` has ended, so that nobody else starts while it winds down.
 */
export async function runWhileLeading(
  options: ElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const candidate = new Candidate(options);
  const lease = await candidate.acquire(signal);
  if (lease === undefined) return;
  options.recorder.event(lease, 'Normal', 'LeaderElection', `${options.identity} became leader`);
  options.logger.info({ lease: options.lease.name, identity: options.identity }, 'leading');
  const lost = new AbortController();
  const ended = new AbortController();
  const keeping = candidate.keep(ended.signal).then((kept) => {
    if (!kept) lost.abort(new LeaseLost(options.lease));
  });
  try {
    await lead(AbortSignal.any([signal, lost.signal]));
  } finally {
    ended.abort();
    await keeping;
    if (!lost.signal.aborted) await candidate.release();
  }
  if (lost.signal.aborted && !signal.aborted) throw lost.signal.reason;
}

/** `held`: the Lease is ours until the renew deadline after the attempt began. `other`: it is another's, who still counts. */
type Attempt = 'held' | 'other' | 'failed';

class Candidate {
  readonly #options: ElectionOptions;
  readonly #times: ElectionTimes;
  #held: Lease | undefined;
  /** When the attempt began that last wrote our name: others count from then on, or from later. */
  #renewedMs = 0;
  #sighting: Sighting | undefined;

  constructor(options: ElectionOptions) {
    this.#options = options;
    this.#times = options.times ?? defaultTimes;
  }

  /** The Lease once it is held; undefined when the signal aborted first. */
  async acquire(signal: AbortSignal): Promise<Lease | undefined> {
    while (!signal.aborted) {
      if ((await this.#attempt(this.#times.renewDeadlineMs, signal)) === 'held') return this.#held;
      await this.#pause(this.#times.retryPeriodMs, signal);
    }
    return undefined;
  }

  /** Renews until the signal aborts: true. False when the Lease went to another, or the renew deadline passed without success. */
  async keep(signal: AbortSignal): Promise<boolean> {
    const leftMs = (): number => this.#renewedMs + this.#times.renewDeadlineMs - this.#options.clock.now();
    while (!signal.aborted) {
      await this.#pause(Math.min(this.#times.retryPeriodMs, leftMs()), signal);
      if (signal.aborted) return true;
      if (leftMs() <= 0) return false;
      if ((await this.#attempt(leftMs(), signal)) === 'other') return false;
    }
    return true;
  }

  /** Lets the next candidate in at once. Best effort: without it the Lease runs out. */
  async release(): Promise<void> {
    const held = this.#held;
    if (held === undefined) return;
    const { client, clock, identity } = this.#options;
    const spec = { ...heldBy(held, identity, this.#times, clock.now()), holderIdentity: '', leaseDurationSeconds: 1 };
    await client
      .resource(resources.leases)
      .update({ ...held, spec })
      .catch(() => undefined);
  }

  /** One try that may not take longer than `limitMs`, nor beyond the signal: an answer that comes later does not count. */
  async #attempt(limitMs: number, signal: AbortSignal): Promise<Attempt> {
    const { clock } = this.#options;
    const beganMs = clock.now();
    const { promise, resolve } = Promise.withResolvers<Attempt>();
    const giveUp = (): void => resolve('failed');
    const timer = clock.after(limitMs, giveUp);
    signal.addEventListener('abort', giveUp, { once: true });
    void this.#try().then(resolve);
    const outcome = await promise;
    timer.cancel();
    signal.removeEventListener('abort', giveUp);
    if (outcome === 'held') this.#renewedMs = beganMs;
    return outcome;
  }

  async #try(): Promise<Attempt> {
    const { identity, clock, logger } = this.#options;
    try {
      const current = await this.#read();
      if (current === undefined) {
        this.#held = await this.#create();
        return 'held';
      }
      this.#sighting = sight(this.#sighting, current, clock.now());
      if (!mayTake(current, this.#sighting, identity, clock.now())) return 'other';
      const spec = heldBy(current, identity, this.#times, clock.now());
      this.#held = await this.#options.client.resource(resources.leases).update({ ...current, spec });
      return 'held';
    } catch (error) {
      // On Conflict another candidate was faster, or an earlier write of ours came late; the next try sees which.
      if (!isReason(error, 'Conflict', 'AlreadyExists'))
        logger.warn({ err: error, lease: this.#options.lease.name }, 'the lease could not be had');
      return 'failed';
    }
  }

  async #read(): Promise<Lease | undefined> {
    const { client, lease } = this.#options;
    try {
      return await client.resource(resources.leases).get(lease.namespace, lease.name);
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  #create(): Promise<Lease> {
    const { client, lease, identity, clock } = this.#options;
    const spec = heldBy(undefined, identity, this.#times, clock.now());
    return client
      .resource(resources.leases)
      .create({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...lease }, spec });
  }

  /** Up to a fifth longer, so that candidates do not come together; never longer when time is short. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const delayMs = ms < this.#times.retryPeriodMs ? ms : ms * (1 + random() * 0.2);
    await clock.sleep(Math.max(delayMs, 0), signal).catch(() => undefined);
  }
}
