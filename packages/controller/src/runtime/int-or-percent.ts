/** Counts that may be written as a percentage of another (`25%`). Pure. */

/** The count itself, or the percentage of `of` rounded as told. Text that is no percentage, which validation refuses, counts as 0. */
export function scaledValue(value: number | string, of: number, round: 'up' | 'down'): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value)?.[1];
  const exact = (Number(percent ?? 0) * of) / 100;
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact);
}
