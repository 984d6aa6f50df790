/** How long to wait before linking again. Pure. */

const firstMs = 500;
const longestMs = 15_000;

/** A link that stood this long and then broke is no sign of a server that refuses it. */
export const steadyAfterMs = 10_000;

/** Between half and the whole of a step that doubles with each failure; `random` is in [0, 1). */
export function backoffMs(failures: number, random: number): number {
  const step = Math.min(longestMs, firstMs * 2 ** Math.max(0, failures - 1));
  return step / 2 + (step / 2) * random;
}
