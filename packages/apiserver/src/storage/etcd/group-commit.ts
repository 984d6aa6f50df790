/**
 * Writes that are in flight together share transactions: etcd moves several times as many objects that way. A write that finds
 * nothing in flight goes at once and alone, so waiting costs only those who would have waited in etcd's own queue.
 */
import type { Clock } from '@skiff/api';
import { StoreError } from '../contract.ts';
import type { GuardedWrite, WriteOutcome } from './writes.ts';

export interface GroupCommitOptions {
  readonly clock: Clock;
  /** Runs one transaction. Rejects with a StoreError when nothing is known of any of its writes. */
  readonly commit: (writes: readonly GuardedWrite[]) => Promise<readonly WriteOutcome[]>;
}

interface Waiting {
  readonly write: GuardedWrite;
  readonly sinceMs: number;
  readonly resolve: (outcome: WriteOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** Transactions in flight. */
const maxInFlight = 2;
/** etcd allows 128 operations a transaction, nesting counted (--max-txn-ops). */
const maxWrites = 100;
/** etcd allows 1.5 MiB a request (--max-request-bytes); one larger write goes alone and is etcd's to judge. */
const maxBytes = 1024 * 1024;
const maxWaiting = 10_000;
/** A write that was not sent after this long is given up: for certain it did not happen. */
const maxWaitMs = 5000;

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #waiting: Waiting[] = [];
  #inFlight = 0;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  submit(write: GuardedWrite): Promise<WriteOutcome> {
    if (this.#waiting.length >= maxWaiting)
      return Promise.reject(new StoreError('unavailable', write.key, `${maxWaiting} writes wait for etcd already`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, sinceMs: this.#options.clock.now(), resolve, reject });
      this.#send();
    });
  }

  #send(): void {
    while (this.#waiting.length > 0 && this.#inFlight < maxInFlight) {
      this.#giveUpOld();
      const { batch, rest } = takeBatch(this.#waiting);
      this.#waiting = rest;
      if (batch.length > 0) void this.#run(batch);
    }
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    this.#inFlight += 1;
    try {
      await this.#settle(batch);
    } finally {
      this.#inFlight -= 1;
      this.#send();
    }
  }

  async #settle(batch: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await this.#options.commit(batch.map(({ write }) => write));
      for (const [index, { resolve }] of batch.entries()) resolve(outcomes[index] as WriteOutcome);
    } catch (error) {
      // Refused as a whole, for certain: by an etcd with narrower limits, or for one write's fault. Each is tried by itself.
      if (batch.length > 1 && error instanceof StoreError && error.code === 'too-large')
        await Promise.all(batch.map((one) => this.#settle([one])));
      else for (const { reject } of batch) reject(error);
    }
  }

  #giveUpOld(): void {
    const oldestMs = this.#options.clock.now() - maxWaitMs;
    if ((this.#waiting[0]?.sinceMs ?? oldestMs) >= oldestMs) return;
    const late = this.#waiting.filter(({ sinceMs }) => sinceMs < oldestMs);
    this.#waiting = this.#waiting.filter(({ sinceMs }) => sinceMs >= oldestMs);
    for (const { write, reject } of late)
      reject(new StoreError('unavailable', write.key, 'etcd is too slow: the write was not sent'));
  }
}

/** The longest-waiting writes that fit into one transaction, no two of one slot, in the order of their slots. */
export function takeBatch<T extends { readonly write: GuardedWrite }>(
  waiting: readonly T[],
): { readonly batch: T[]; readonly rest: T[] } {
  const slots = new Set<number>();
  const batch: T[] = [];
  const rest: T[] = [];
  let bytes = 0;
  for (const one of waiting) {
    const { slot, bytes: own } = one.write;
    const fits = batch.length === 0 || (batch.length < maxWrites && bytes + own <= maxBytes && !slots.has(slot));
    (fits ? batch : rest).push(one);
    // A later write of a slot never overtakes an earlier one.
    slots.add(slot);
    if (fits) bytes += own;
  }
  batch.sort((a, b) => a.write.slot - b.write.slot);
  return { batch, rest };
}
