/** Values in the order of their keys, in chunks: a change costs a search by halves and moves a chunk at most, however many there are. */
import { compareKeys } from '../storage/order.ts';

interface Keyed {
  readonly key: string;
}

const maxLength = 512;

export class Ordered<T extends Keyed> {
  /** None is empty. */
  readonly #chunks: T[][] = [];

  /** Of a key that is not there yet. */
  add(value: T): void {
    const at = this.#chunkOf(value.key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push([value]);
      return;
    }
    const place = placeOf(chunk, value.key);
    chunk.splice(place, 0, value);
    // What comes in order leaves full chunks behind.
    if (chunk.length > maxLength)
      this.#chunks.splice(at + 1, 0, chunk.splice(place === maxLength ? place : maxLength / 2));
  }

  remove(key: string): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return;
    const place = placeOf(chunk, key);
    if (chunk[place]?.key === key) chunk.splice(place, 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  values(): T[] {
    return this.#chunks.flat();
  }

  /** The chunk that holds the key, or would. */
  #chunkOf(key: string): number {
    const last = this.#chunks.length - 1;
    // A store is read in order.
    if (isAtOrBelow(this.#chunks[last], key)) return last;
    return Math.max(0, placesBelow(last, (at) => isAtOrBelow(this.#chunks[at], key)) - 1);
  }
}

const isAtOrBelow = (chunk: readonly Keyed[] | undefined, key: string): boolean =>
  compareKeys(chunk?.[0]?.key ?? '', key) <= 0;

/** Where the key is in a chunk, or would be. */
function placeOf(chunk: readonly Keyed[], key: string): number {
  if (compareKeys(chunk.at(-1)?.key ?? '', key) < 0) return chunk.length;
  return placesBelow(chunk.length, (at) => compareKeys(chunk[at]?.key ?? '', key) < 0);
}

/** How many of so many places are below, when those that are come first. */
function placesBelow(count: number, isBelow: (at: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBelow(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
