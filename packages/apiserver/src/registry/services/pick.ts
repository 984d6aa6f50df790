/** Choosing a free number of a range that others choose from at the same time. */
import type { Random } from '@skiff/api';

export interface Pick {
  readonly first: bigint;
  readonly last: bigint;
  /** Tried before the numbers below it. */
  readonly preferredFirst: bigint;
}

const randomTries = 16;

/** A whole number of [0, size). */
const below = (random: Random, size: bigint): bigint => BigInt(Math.floor(random() * Number(size)));

/**
 * Numbers in the order they should be tried: some at random, then every one of the preferred part from a random place on,
 * then every other one.
 */
export function* candidates(pick: Pick, random: Random): Generator<bigint> {
  const size = pick.last - pick.preferredFirst + 1n;
  for (let attempt = 0; attempt < randomTries; attempt += 1) yield pick.preferredFirst + below(random, size);
  const start = below(random, size);
  for (let step = 0n; step < size; step += 1n) yield pick.preferredFirst + ((start + step) % size);
  for (let value = pick.first; value < pick.preferredFirst; value += 1n) yield value;
}
