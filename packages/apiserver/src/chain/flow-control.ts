/**
 * Bounds how many requests run at once, changes and reads apart, so that a flood of one cannot starve the other or grow without
 * end. Who finds no seat waits in a short queue; who finds no place there, or waits too long, gets a 429 with Retry-After.
 */
import { ApiError, type Clock } from '@skiff/api';

export type Lane = 'mutating' | 'readOnly';

export interface FlowControlLimits {
  readonly inFlight: Readonly<Record<Lane, number>>;
  /** Requests that may wait, in each lane. */
  readonly queue: number;
  readonly maxWaitMs: number;
}

/** kube-apiserver's defaults of --max-mutating-requests-inflight and --max-requests-inflight. */
export const defaultLimits: FlowControlLimits = {
  inFlight: { mutating: 200, readOnly: 400 },
  queue: 1000,
  maxWaitMs: 15_000,
};

export interface FlowControl {
  /** Waits for a seat. The answer gives it back and is idempotent. Throws ApiError TooManyRequests, or the signal's reason. */
  enter(lane: Lane, signal: AbortSignal): Promise<() => void>;
  /** Seats taken now, for metrics. */
  inFlight(lane: Lane): number;
  waiting(lane: Lane): number;
}

interface Waiter {
  readonly seat: () => void;
}

const tooMany = (): ApiError =>
  new ApiError('TooManyRequests', 'Too many requests, please try again later.', { retryAfterSeconds: 1 });

export function createFlowControl(limits: FlowControlLimits, clock: Clock): FlowControl {
  const lanes: Record<Lane, { taken: number; readonly queue: Set<Waiter> }> = {
    mutating: { taken: 0, queue: new Set() },
    readOnly: { taken: 0, queue: new Set() },
  };

  const release = (lane: Lane): (() => void) => {
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const [next] = lanes[lane].queue;
      if (next === undefined) lanes[lane].taken--;
      else {
        // The seat passes on: `taken` stays.
        lanes[lane].queue.delete(next);
        next.seat();
      }
    };
  };

  const wait = (lane: Lane, signal: AbortSignal): Promise<() => void> =>
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
        seat: () => {
          timer.cancel();
          signal.removeEventListener('abort', onAbort);
          resolve(release(lane));
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      queue.add(waiter);
    });

  return {
    async enter(lane, signal) {
      signal.throwIfAborted();
      const state = lanes[lane];
      if (state.taken < limits.inFlight[lane]) {
        state.taken++;
        return release(lane);
      }
      if (state.queue.size >= limits.queue) throw tooMany();
      return wait(lane, signal);
    },
    inFlight: (lane) => lanes[lane].taken,
    waiting: (lane) => lanes[lane].queue.size,
  };
}
