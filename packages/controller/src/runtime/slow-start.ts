/**
 * Runs `one` `count` times in batches of 1, 2, 4, …: when everything fails (a quota, a bad template) it fails once, not five
 * hundred times. Throws the first error of the first failing batch, after the whole batch has settled.
 */
export async function inSlowStartBatches(count: number, one: () => Promise<void>): Promise<void> {
  let left = count;
  for (let size = Math.min(1, left); size > 0; size = Math.min(size * 2, left)) {
    const results = await Promise.allSettled(Array.from({ length: size }, () => one()));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    left -= size;
  }
}
