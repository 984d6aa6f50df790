/**
 * Bounds how much runs at once, changes and reads apart, so that a flood of one cannot starve the other or grow without end. A
 * request takes as many seats as it costs. Who finds none waits in a short queue; who finds no place there, or waits too long,
 * gets a 429 with Retry-After. Watches and streams take no seat: of those each user may have so many.
 */
import { ApiError, type Clock } from '@skiff/api';

export type Lane = 'mutating' | 'readOnly';

export interface FlowControlLimits {
  readonly seats: Readonly<Record<Lane, number>>;
  /** Requests that may wait, in each lane. */
  readonly queue: number;
  readonly maxWaitMs: number;
  /** Watches and streams that one user may have open. */
  readonly longRunning: number;
}

/** Seats are kube-apiserver's defaults of --max-mutating-requests-inflight and --max-requests-inflight. */
export const defaultLimits: FlowControlLimits = {
  seats: { mutating: 200, readOnly: 400 },
  queue: 1000,
  maxWaitMs: 15_000,
  longRunning: 5000,
};

const objectsOfOneSeat = 500;
/** As in Kubernetes, no request costs more. */
const maxSeats = 10;

/** What reading so many objects costs. */
export const seatsFor = (objects: number): number =>
  Math.max(1, Math.min(maxSeats, Math.ceil(objects / objectsOfOneSeat)));

export interface FlowControl {
  /** Waits for seats. The answer gives them back and is idempotent. Throws ApiError TooManyRequests, or the signal's reason. */
  enter(lane: Lane, seats: number, signal: AbortSignal): Promise<() => void>;
  /** Counts a watch or stream of a user. The answer ends it and is idempotent. Throws ApiError TooManyRequests. */
  enterLongRunning(user: string): () => void;
  /** Seats taken now, for metrics. */
  inFlight(lane: Lane): number;
}

interface Waiter {
  readonly seats: number;
  readonly seat: () => void;
}

const tooMany = (): ApiError =>
  new ApiError('TooManyRequests', 'Too many requests, please try again later.', { retryAfterSeconds: 1 });

const once = (run: () => void): (() => void) => {
  let ran = false;
  return () => {
    if (ran) return;
    ran = true;
    run();
  };
};

export function createFlowControl(limits: FlowControlLimits, clock: Clock): FlowControl {
  const lanes: Record<Lane, { taken: number; readonly queue: Set<Waiter> }> = {
    mutating: { taken: 0, queue: new Set() },
    readOnly: { taken: 0, queue: new Set() },
  };
  const longRunning = new Map<string, number>();

  /** Those who wait are served in their order: a cheap request does not pass a dear one, which would wait for ever. */
  const release = (lane: Lane, seats: number): (() => void) =>
    once(() => {
      const state = lanes[lane];
      state.taken -= seats;
      for (const next of state.queue) {
        if (!fits(lane, next.seats)) return;
        state.queue.delete(next);
        state.taken += next.seats;
        next.seat();
      }
    });

  const fits = (lane: Lane, seats: number): boolean =>
    lanes[lane].taken === 0 || lanes[lane].taken + seats <= limits.seats[lane];

  const wait = (lane: Lane, seats: number, signal: AbortSignal): Promise<() => void> =>
    new Promise((resolve, reject) => {
      const { queue } = lanes[lane];
      const leave = (error: unknown): void => {
        queue.delete(waiter);
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        reject(error);
      };
      const onAbort = (): void => leave(signal.reason);
      const timer = clock.after(limits.maxWaitMs, () => leave(tooMany()));
      const waiter: Waiter = {
        seats,
        seat: () => {
          timer.cancel();
          signal.removeEventListener('abort', onAbort);
          resolve(release(lane, seats));
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      queue.add(waiter);
    });

  return {
    async enter(lane, seats, signal) {
      signal.throwIfAborted();
      const state = lanes[lane];
      if (state.queue.size === 0 && fits(lane, seats)) {
        state.taken += seats;
        return release(lane, seats);
      }
      if (state.queue.size >= limits.queue) throw tooMany();
      return wait(lane, seats, signal);
    },
    enterLongRunning(user) {
      const open = longRunning.get(user) ?? 0;
      if (open >= limits.longRunning) throw tooMany();
      longRunning.set(user, open + 1);
      return once(() => {
        const left = (longRunning.get(user) ?? 1) - 1;
        if (left === 0) longRunning.delete(user);
        else longRunning.set(user, left);
      });
    },
    inFlight: (lane) => lanes[lane].taken,
  };
}
