/**
 * Requests that are in flight together share one call of etcd. One that finds nothing in flight goes at once and alone, so waiting costs
 * only those who would have waited in etcd's own queue.
 */
import type { Clock } from '@skiff/api';
import { StoreError } from '../contract.ts';

export interface BatcherOptions<Request extends { readonly key: string }, Answer> {
  readonly clock: Clock;
  /** Runs a batch in one call; an answer for each, in order. Rejects with a StoreError when nothing is known of any of them. */
  readonly run: (batch: readonly Request[]) => Promise<readonly Answer[]>;
  /** What may share the next call: at least one of those that wait. */
  readonly take: (waiting: readonly Waiting<Request>[]) => Taken<Waiting<Request>>;
}

export interface Waiting<Request> {
  readonly request: Request;
}

export interface Taken<T> {
  readonly batch: readonly T[];
  readonly rest: readonly T[];
}

interface Caller<Request, Answer> extends Waiting<Request> {
  readonly sinceMs: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Calls in flight: one travels while the other is worked on. */
const maxInFlight = 2;
const maxWaiting = 10_000;
/** A request that was not sent after this long is given up: for certain nothing came of it. */
const maxWaitMs = 5000;

export class Batcher<Request extends { readonly key: string }, Answer> {
  readonly #options: BatcherOptions<Request, Answer>;
  #waiting: readonly Caller<Request, Answer>[] = [];
  #arriving: Caller<Request, Answer>[] = [];
  #inFlight = 0;

  constructor(options: BatcherOptions<Request, Answer>) {
    this.#options = options;
  }

  submit(request: Request): Promise<Answer> {
    if (this.#waiting.length + this.#arriving.length >= maxWaiting)
      return Promise.reject(new StoreError('unavailable', request.key, `${maxWaiting} requests wait for etcd already`));
    return new Promise((resolve, reject) => {
      this.#arriving.push({ request, sinceMs: this.#options.clock.now(), resolve, reject });
      this.#send();
    });
  }

  #send(): void {
    while (this.#inFlight < maxInFlight) {
      this.#waiting = this.#inTime([...this.#waiting, ...this.#arriving]);
      this.#arriving = [];
      if (this.#waiting.length === 0) return;
      // `take` deals in the very objects it was given.
      const { batch, rest } = this.#options.take(this.#waiting) as Taken<Caller<Request, Answer>>;
      this.#waiting = rest;
      void this.#run(batch);
    }
  }

  async #run(batch: readonly Caller<Request, Answer>[]): Promise<void> {
    this.#inFlight += 1;
    try {
      await this.#settle(batch);
    } finally {
      this.#inFlight -= 1;
      this.#send();
    }
  }

  async #settle(batch: readonly Caller<Request, Answer>[]): Promise<void> {
    try {
      const answers = await this.#options.run(batch.map(({ request }) => request));
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer);
    } catch (error) {
      // Refused as a whole, for certain: by an etcd with narrower limits, or for one request's fault. Each is tried by itself.
      if (batch.length > 1 && error instanceof StoreError && error.code === 'too-large')
        await Promise.all(batch.map((one) => this.#settle([one])));
      else for (const { reject } of batch) reject(error);
    }
  }

  #inTime(waiting: readonly Caller<Request, Answer>[]): readonly Caller<Request, Answer>[] {
    const oldestMs = this.#options.clock.now() - maxWaitMs;
    if ((waiting[0]?.sinceMs ?? oldestMs) >= oldestMs) return waiting;
    for (const { request, sinceMs, reject } of waiting)
      if (sinceMs < oldestMs)
        reject(new StoreError('unavailable', request.key, 'etcd is too slow: the request was not sent'));
    return waiting.filter(({ sinceMs }) => sinceMs >= oldestMs);
  }
}
