/**
 * The queue under every controller (client-go's workqueue): a key is handed to one worker at a time, repeats fold together,
 * and a key added while it is worked on comes back afterwards. Three sets carry all of that: what waits, in order; what is
 * wanted; what is worked on.
 */
import type { Clock, Random, Timer } from '@skiff/api';
import type { WorkQueue } from '../contract.ts';

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Delay of the first retry; doubles with each. Client-go's default controller limiter: 5 ms to 1000 s. */
  readonly baseDelayMs?: number;
  readonly maxDelayMs?: number;
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  return new KeyedQueue(options);
}

class KeyedQueue implements WorkQueue {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #baseDelayMs: number;
  readonly #maxDelayMs: number;
  readonly #ready: string[] = [];
  readonly #wanted = new Set<string>();
  readonly #working = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #delayed = new Map<string, { timer: Timer; atMs: number }>();
  readonly #waiters: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor({ clock, random, baseDelayMs = 5, maxDelayMs = 1_000_000 }: WorkQueueOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#baseDelayMs = baseDelayMs;
    this.#maxDelayMs = maxDelayMs;
  }

  get length(): number {
    return this.#ready.length;
  }

  add(key: string): void {
    if (this.#closed || this.#wanted.has(key)) return;
    this.#wanted.add(key);
    if (!this.#working.has(key)) this.#push(key);
  }

  /** Of several delays of one key the earliest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return;
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const atMs = this.#clock.now() + delayMs;
    const before = this.#delayed.get(key);
    if (before !== undefined && before.atMs <= atMs) return;
    before?.timer.cancel();
    const timer = this.#clock.after(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { timer, atMs });
  }

  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const delayMs = Math.min(this.#baseDelayMs * 2 ** Math.min(failures, 50), this.#maxDelayMs);
    // Up to a tenth more, so that keys which failed together do not come back together.
    this.addAfter(key, delayMs * (1 + this.#random() / 10));
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  retries(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  next(): Promise<string | undefined> {
    const key = this.#ready.shift();
    if (key !== undefined) return Promise.resolve(this.#take(key));
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  done(key: string): void {
    this.#working.delete(key);
    if (this.#wanted.has(key)) this.#push(key);
  }

  /** Keys that wait are dropped: whoever starts next lists everything anyway. */
  shutDown(): void {
    this.#closed = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    this.#ready.length = 0;
    this.#wanted.clear();
    for (const waiter of this.#waiters.splice(0)) waiter(undefined);
  }

  #push(key: string): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#ready.push(key);
    else waiter(this.#take(key));
  }

  #take(key: string): string {
    this.#wanted.delete(key);
    this.#working.add(key);
    return key;
  }
}
