/**
 * Pods that want a node. Active: to be tried now, the most important first, then the oldest. Backoff: failed a moment ago. Unschedulable:
 * no node fits until something changes; a change brings them back, and a flush after five minutes in case one was missed.
 */
import type { Clock, Pod, Timer } from '@skiff/api';
import { priorityOf } from '../framework/priority.ts';

const firstBackoffMs = 1000;
const maxBackoffMs = 10_000;
const flushAfterMs = 5 * 60 * 1000;

interface Queued {
  pod: Pod;
  attempts: number;
  /** When the last try failed. */
  failedMs: number;
  readonly sinceMs: number;
}

export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #active = new Map<string, Queued>();
  readonly #backoff = new Map<string, { entry: Queued; timer: Timer }>();
  readonly #unschedulable = new Map<string, { entry: Queued; timer: Timer }>();
  /** What is being tried now, with whether the cluster changed since it was taken. */
  readonly #inFlight = new Map<string, { entry: Queued; stale: boolean }>();
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get length(): number {
    return this.#active.size + this.#backoff.size + this.#unschedulable.size;
  }

  /** A pod that appeared or changed. A changed pod may fit where it did not. */
  add(pod: Pod): void {
    const { uid } = pod.metadata;
    const flying = this.#inFlight.get(uid);
    if (flying !== undefined) {
      flying.entry.pod = pod;
      flying.stale = true;
      return;
    }
    const waiting = this.#backoff.get(uid);
    if (waiting !== undefined) {
      waiting.entry.pod = pod;
      return;
    }
    const entry = this.#take(uid) ?? { pod, attempts: 0, failedMs: 0, sinceMs: this.#clock.now() };
    entry.pod = pod;
    this.#activate(entry);
  }

  /** The pod's newest state, which is no reason to try it now. */
  refresh(pod: Pod): void {
    const { uid } = pod.metadata;
    const entry =
      this.#active.get(uid) ??
      (this.#backoff.get(uid) ?? this.#unschedulable.get(uid) ?? this.#inFlight.get(uid))?.entry;
    if (entry !== undefined) entry.pod = pod;
  }

  remove(uid: string): void {
    this.#take(uid);
    const waiting = this.#backoff.get(uid);
    waiting?.timer.cancel();
    this.#backoff.delete(uid);
    this.#inFlight.delete(uid);
  }

  /** Something changed that may let waiting pods in: those that it helps are tried again, once their backoff is over. */
  changed(helps: (pod: Pod) => boolean = () => true): void {
    for (const flying of this.#inFlight.values()) flying.stale ||= helps(flying.entry.pod);
    for (const { entry, timer } of [...this.#unschedulable.values()]) {
      if (!helps(entry.pod)) continue;
      timer.cancel();
      this.#unschedulable.delete(entry.pod.metadata.uid);
      this.#delay(entry);
    }
  }

  /** The next pod to try; undefined once closed. */
  async next(): Promise<Pod | undefined> {
    while (this.#active.size === 0 && !this.#closed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    if (this.#closed) return undefined;
    const entry = first(this.#active.values());
    if (entry === undefined) return undefined;
    this.#active.delete(entry.pod.metadata.uid);
    entry.attempts += 1;
    this.#inFlight.set(entry.pod.metadata.uid, { entry, stale: false });
    return entry.pod;
  }

  /** It has its node. */
  done(uid: string): void {
    this.#inFlight.delete(uid);
  }

  /** No node fits. A change while it was being tried brings it back after its backoff. */
  unschedulable(uid: string): void {
    const flying = this.#inFlight.get(uid);
    if (flying === undefined) return;
    this.#inFlight.delete(uid);
    flying.entry.failedMs = this.#clock.now();
    if (this.#closed) return;
    if (flying.stale) {
      this.#delay(flying.entry);
      return;
    }
    const timer = this.#clock.after(flushAfterMs, () => {
      this.#unschedulable.delete(uid);
      this.#activate(flying.entry);
    });
    this.#unschedulable.set(uid, { entry: flying.entry, timer });
  }

  /** The try itself failed (the API server did not answer, a conflict): again after its backoff. */
  failed(uid: string): void {
    const flying = this.#inFlight.get(uid);
    if (flying === undefined) return;
    this.#inFlight.delete(uid);
    flying.entry.failedMs = this.#clock.now();
    this.#delay(flying.entry);
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of [...this.#backoff.values(), ...this.#unschedulable.values()]) timer.cancel();
    this.#wake?.();
  }

  #take(uid: string): Queued | undefined {
    const waiting = this.#unschedulable.get(uid);
    waiting?.timer.cancel();
    this.#unschedulable.delete(uid);
    const active = this.#active.get(uid);
    this.#active.delete(uid);
    return waiting?.entry ?? active;
  }

  #activate(entry: Queued): void {
    if (this.#closed) return;
    this.#active.set(entry.pod.metadata.uid, entry);
    this.#wake?.();
  }

  /** To be tried when its backoff, which began when it failed, is over. */
  #delay(entry: Queued): void {
    if (this.#closed) return;
    const { uid } = entry.pod.metadata;
    const backoffMs = Math.min(firstBackoffMs * 2 ** Math.min(entry.attempts - 1, 10), maxBackoffMs);
    const delayMs = entry.failedMs + backoffMs - this.#clock.now();
    if (delayMs <= 0) {
      this.#activate(entry);
      return;
    }
    const timer = this.#clock.after(delayMs, () => {
      this.#backoff.delete(uid);
      this.#activate(entry);
    });
    this.#backoff.set(uid, { entry, timer });
  }
}

function first(entries: Iterable<Queued>): Queued | undefined {
  let best: Queued | undefined;
  for (const entry of entries) if (best === undefined || comesBefore(entry, best)) best = entry;
  return best;
}

const comesBefore = (a: Queued, b: Queued): boolean => {
  const difference = priorityOf(b.pod) - priorityOf(a.pod);
  return difference === 0 ? a.sinceMs < b.sinceMs : difference < 0;
};
