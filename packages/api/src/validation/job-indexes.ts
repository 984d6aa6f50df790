/** Indexes of a job as text: `1,3-5` (pkg/apis/batch/validation's validateIndexesFormat). */

type Interval = readonly [first: number, last: number];

/** One part of the text, or what is wrong with it: its ends are in order, and below `completions`. */
function readInterval(text: string, completions: number): Interval | string {
  const parts = text.split('-');
  if (parts.length > 2) {
    return `the fragment "${text}" violates the requirement that an index interval can have at most two parts separated by '-'`;
  }
  for (const part of parts) {
    if (!/^[+-]?\d{1,10}$/.test(part)) return `cannot convert string to integer for index: "${part}"`;
    if (Number(part) >= completions) return `too large index: "${part}"`;
  }
  const [first = 0, last = first] = parts.map(Number);
  if (parts.length === 2 && first >= last) return `non-increasing order, previous: ${first}, current: ${last}`;
  return [first, last];
}

/** How many indexes the text names, or what is wrong with it: they are in order. */
export function countIndexes(text: string, completions: number): number | string {
  if (text === '') return 0;
  let total = 0;
  let previous: number | undefined;
  for (const part of text.split(',')) {
    const interval = readInterval(part, completions);
    if (typeof interval === 'string') return interval;
    const [first, last] = interval;
    if (previous !== undefined && previous >= first)
      return `non-increasing order, previous: ${previous}, current: ${first}`;
    total += last - first + 1;
    previous = last;
  }
  return total;
}

/** The first index that both texts name. Parts that cannot be read are passed over. */
export function firstOverlap(one: string, other: string, completions: number): number | undefined {
  const [ones, others] = [one, other].map((text) =>
    text.split(',').flatMap((part) => {
      const interval = readInterval(part, completions);
      return typeof interval === 'string' ? [] : [interval];
    }),
  );
  let [at, against] = [0, 0];
  for (;;) {
    const [mine, theirs] = [ones?.[at], others?.[against]];
    if (mine === undefined || theirs === undefined) return undefined;
    if (mine[0] <= theirs[1] && theirs[0] <= mine[1]) return Math.max(mine[0], theirs[0]);
    if (mine[0] <= theirs[0]) at += 1;
    else against += 1;
  }
}
