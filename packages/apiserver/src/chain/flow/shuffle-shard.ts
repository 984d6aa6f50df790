/** Shuffle sharding (apiserver's util/shufflesharding): a flow is dealt a hand of queues, so that two flows seldom share all of them. */
import { createHash } from 'node:crypto';

/** The 64 bits of a flow. */
export const hashOfFlow = (schema: string, distinguisher: string): bigint =>
  createHash('sha256').update(schema).update('\0').update(distinguisher).digest().readBigUInt64LE();

/** `handSize` different numbers below `deckSize`, the same for the same hash. */
export function deal(hash: bigint, deckSize: number, handSize: number): number[] {
  const remainders: number[] = [];
  let left = hash;
  for (let index = 0; index < handSize; index++) {
    const size = BigInt(deckSize - index);
    remainders.push(Number(left % size));
    left /= size;
  }
  return remainders.map((remainder, index) => {
    let card = remainder;
    for (let before = index; before > 0; before--) if (card >= (remainders[before - 1] ?? 0)) card++;
    return card;
  });
}
