/**
 * The `grpc-timeout` that a caller sends. grpc-js finds one in any text that holds one, and hands what is longer than a timer can
 * wait to a timer all the same; so it is read here first.
 */

const units: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 };

/** In whole hours, less than the 2^31 - 1 ms of a timer. */
const longest = '596H';
const longestMs = 596 * 3_600_000;

/** The value to go on with: at most what a timer can wait. Undefined for what is no timeout: up to eight digits and a unit. */
export function boundedTimeout(value: string): string | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(value) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  return durationMs(value) > longestMs ? longest : value;
}

/** Milliseconds of a value that is a timeout. */
export const durationMs = (value: string): number => Number(value.slice(0, -1)) * (units[value.slice(-1)] ?? 0);
