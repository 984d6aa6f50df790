/** How many seats a priority level wanted: what was taken and waited for, integrated over time between two looks at it. */

export interface Demand {
  /** The demand from now on. */
  set(seats: number, nowMs: number): void;
  /** What was since the last look; starts anew. */
  take(nowMs: number): Observed;
}

export interface Observed {
  readonly durationMs: number;
  readonly average: number;
  readonly deviation: number;
  readonly max: number;
}

export function createDemand(startMs: number): Demand {
  let seats = 0;
  let lastMs = startMs;
  let beganMs = startMs;
  let max = 0;
  let sum = 0;
  let squares = 0;
  const advance = (nowMs: number): void => {
    const passed = Math.max(0, nowMs - lastMs);
    lastMs = Math.max(lastMs, nowMs);
    sum += passed * seats;
    squares += passed * seats * seats;
  };
  return {
    set(next, nowMs) {
      if (nowMs !== lastMs) advance(nowMs);
      seats = next;
      if (next > max) max = next;
    },
    take(nowMs) {
      advance(nowMs);
      const durationMs = lastMs - beganMs;
      const average = durationMs === 0 ? 0 : sum / durationMs;
      const variance = durationMs === 0 ? 0 : Math.max(0, squares / durationMs - average * average);
      const observed = { durationMs, average, deviation: Math.sqrt(variance), max };
      beganMs = lastMs;
      max = seats;
      sum = 0;
      squares = 0;
      return observed;
    },
  };
}

/** Half of a peak is forgotten in five minutes, at one look every ten seconds. */
const smoothing = 0.977;

export interface DemandStats {
  readonly highWatermark: number;
  readonly smoothed: number;
}

/** Goes up at once and comes down slowly. */
export function smooth(before: DemandStats, observed: Observed): DemandStats {
  const highWatermark = Math.round(observed.max);
  if (observed.durationMs <= 0) return { ...before, highWatermark };
  const envelope = observed.average + observed.deviation;
  return {
    highWatermark,
    smoothed: Math.max(envelope, smoothing * before.smoothed + (1 - smoothing) * envelope),
  };
}
