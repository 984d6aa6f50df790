/** Runs something on one of several candidates: the holder of a Lease. */
import { type Clock, isReason, type Lease, type Logger, type Random, resources } from '@skiff/api';
import type { Client } from '../contract.ts';
import { defaultTimes, type ElectionTimes, heldBy, mayTake, type Sighting, sight } from './election.ts';

export interface ElectionOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Unique among the candidates. */
  readonly identity: string;
  readonly lease: { readonly namespace: string; readonly name: string };
  readonly times?: ElectionTimes;
}

/**
 * Waits for the Lease, runs `lead` while it is held, gives it back at the end. `lead`'s signal aborts when `signal` does, or when the
 * Lease could not be renewed in time: then this rejects, and the process should end rather than go on beside a new leader.
 */
export async function runWhileLeading(
  options: ElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const candidate = new Candidate(options);
  if (!(await candidate.acquire(signal))) return;
  options.logger.info({ lease: options.lease.name, identity: options.identity }, 'leading');
  const leading = new AbortController();
  const stop = (): void => leading.abort(signal.reason);
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  const renewing = candidate.keep(leading.signal).finally(() => leading.abort(new Error('the lease was lost')));
  try {
    await lead(leading.signal);
  } finally {
    leading.abort(new Error('leading ended'));
    signal.removeEventListener('abort', stop);
    await renewing;
    await candidate.release();
  }
  if (candidate.lost && !signal.aborted)
    throw new Error(`the lease ${options.lease.namespace}/${options.lease.name} was lost`);
}

class Candidate {
  readonly #options: ElectionOptions;
  readonly #times: ElectionTimes;
  #held: Lease | undefined;
  #sighting: Sighting | undefined;
  /** The Lease could not be renewed in time, and may be another's by now. */
  lost = false;

  constructor(options: ElectionOptions) {
    this.#options = options;
    this.#times = options.times ?? defaultTimes;
  }

  /** True once the Lease is held; false when the signal aborted first. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (await this.#try()) return true;
      await this.#pause(signal);
    }
    return false;
  }

  /** Renews until the signal aborts, or the renew deadline passes without success: then the Lease is lost. */
  async keep(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let renewedMs = clock.now();
    while (!signal.aborted) {
      await this.#pause(signal);
      if (signal.aborted) return;
      const askedMs = clock.now();
      if (await this.#tryWithin(renewedMs + this.#times.renewDeadlineMs - askedMs)) renewedMs = askedMs;
      else if (clock.now() - renewedMs >= this.#times.renewDeadlineMs) {
        this.lost = true;
        return;
      }
    }
  }

  /** Lets the next candidate in at once. Best effort: without it the Lease runs out. */
  async release(): Promise<void> {
    const held = this.#held;
    if (held === undefined || this.lost) return;
    const { client, clock } = this.#options;
    const spec = {
      ...heldBy(held, this.#options.identity, this.#times, clock.now()),
      holderIdentity: '',
      leaseDurationSeconds: 1,
    };
    await client
      .resource(resources.leases)
      .update({ ...held, spec })
      .catch(() => undefined);
  }

  /** One attempt that may not take longer than what is left: an answer that comes late must not count. */
  async #tryWithin(leftMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = this.#options.clock.after(Math.max(leftMs, 0), () => resolve(false));
    void this.#try().then(resolve);
    const renewed = await promise;
    timer.cancel();
    return renewed;
  }

  async #try(): Promise<boolean> {
    const { identity, clock, logger } = this.#options;
    try {
      const current = await this.#read();
      if (current === undefined) {
        this.#held = await this.#create();
        return true;
      }
      this.#sighting = sight(this.#sighting, current, clock.now());
      if (!mayTake(current, this.#sighting, identity, clock.now())) return false;
      const spec = heldBy(current, identity, this.#times, clock.now());
      this.#held = await this.#options.client.resource(resources.leases).update({ ...current, spec });
      return true;
    } catch (error) {
      // Another candidate was faster.
      if (!isReason(error, 'Conflict', 'AlreadyExists'))
        logger.warn({ err: error, lease: this.#options.lease.name }, 'the lease could not be had');
      return false;
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

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    await clock.sleep(this.#times.retryPeriodMs * (1 + random() * 0.2), signal).catch(() => undefined);
  }
}
