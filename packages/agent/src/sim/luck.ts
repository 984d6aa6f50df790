/** Chance that comes from a seed and a name alone: a simulation takes the same course in whatever order its parts are asked. Pure. */
import type { Random } from '@skiff/api';

/** The throws of the dice that belong to `about`, from the first. */
export type Luck = (about: string) => Random;

export const createLuck =
  (seed: number): Luck =>
  (about) =>
    mulberry32(hash32(`${seed}/${about}`));

/** A whole number of milliseconds from `least` up to `most`. */
export const between = (random: Random, [least, most]: readonly [number, number]): number =>
  Math.round(least + (most - least) * random());

/** FNV-1a over UTF-16 units, then murmur3's last mixing, so that names that differ in their end differ in every bit. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Tommy Ettinger's mulberry32: 32 bits of state, good enough for delays. */
function mulberry32(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
