/**
 * The seams every component is built on. Code takes these as arguments, so that a test or a simulation
 * can hand in its own; only `main.ts` files make the real ones.
 */

/** Structured logger; the shape of pino's, so that a pino logger is one. Fields first, message second. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(bindings: object): Logger;
}

/** A timer that was set; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

/** The only source of time. Instants are milliseconds since the Unix epoch; durations are milliseconds. */
export interface Clock {
  now(): number;
  /** Calls `run` once after `delayMs`. Delays of any length are safe: a real clock chains long ones (a JavaScript timer above 2^31-1 ms fires at once). */
  after(delayMs: number, run: () => void): Timer;
  /** Resolves after `delayMs`; rejects with the signal's reason when it aborts first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The only source of randomness: a number in [0, 1). */
export type Random = () => number;
