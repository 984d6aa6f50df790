/** Running work so many at a time, and what to say of several runs. */
import { readFile } from 'node:fs/promises';

/** Operations a second of `count` calls of `work`, `inFlight` of them at a time. Throws what any of them throws. */
export async function rate(
  inFlight: number,
  count: number,
  work: (index: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const beganMs = performance.now();
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, count) }, worker));
  return (count * 1000) / (performance.now() - beganMs);
}

/** CPU time that a process has used so far, in microseconds (Linux: clock ticks are a hundredth of a second). */
export async function cpuMicroseconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may hold spaces: fields are counted behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** The middle one of several runs; `spread` is from the least to the greatest, in parts of it. */
export function summarise(values: readonly number[]): { readonly median: number; readonly spread: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const [least = 0, greatest = 0] = [sorted[0], sorted.at(-1)];
  return { median, spread: median === 0 ? 0 : (greatest - least) / median };
}

/** What 99 of a hundred do not exceed. */
export const p99 = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? Number.NaN;

export interface Metric {
  readonly name: string;
  readonly values: readonly number[];
  readonly unit: string;
  readonly comparedWith: string;
  readonly comparedValues: readonly number[];
  readonly setting: object;
}

const rounded = (value: number): number => Number(value.toPrecision(4));

/** One line of JSON. */
export function toLine({ name, values, unit, comparedWith, comparedValues, setting }: Metric): string {
  const { median, spread } = summarise(values);
  const compared = summarise(comparedValues).median;
  return JSON.stringify({
    name,
    value: rounded(median),
    unit,
    comparedWith,
    comparedValue: rounded(compared),
    ratio: rounded(median / compared),
    setting: { ...setting, runs: values.length, spread: rounded(spread) },
  });
}
