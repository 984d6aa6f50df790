/** How simulated containers behave, as ranges to draw from. Durations in milliseconds, from least to most. */
export type Range = readonly [number, number];

export interface Habits {
  /** Network and sandbox of a pod. */
  readonly sandboxMs: Range;
  /** Fetching the image before a container's first start. */
  readonly pullMs: Range;
  readonly startMs: Range;
  /** From the start until a container with probes answers them well; one without is ready at once. */
  readonly readyMs: Range;
  /** From the stop signal to the end; a pod's grace may cut it short. */
  readonly stopMs: Range;
  /** An init container's work, and that of a pod that may come to its end. */
  readonly initMs: Range;
  readonly jobMs: Range;
  /** How long a container that crashes runs. */
  readonly crashMs: Range;
  /** Of a thousand image pulls, how many fail; of a thousand starts, how many end in a crash. */
  readonly failedPulls: number;
  readonly crashes: number;
}

export const calmHabits: Habits = {
  sandboxMs: [80, 400],
  pullMs: [100, 2000],
  startMs: [50, 300],
  readyMs: [200, 3000],
  stopMs: [50, 1500],
  initMs: [200, 2000],
  jobMs: [2000, 20_000],
  crashMs: [500, 60_000],
  failedPulls: 0,
  crashes: 0,
};
