/**
 * Texts outside of V8's heap. A hundred thousand objects' texts are most of what the watch cache holds; in the heap, the garbage collector
 * would mark them all at every full collection and keep room for as many again. Here they lie in large blocks that nobody scans, in places of a few
 * sizes, and a place that is given back is used by the next text of its size.
 */
import { isAscii } from 'node:buffer';

/** Where a text lies. Its own until it is given back. */
export interface Place {
  readonly block: Buffer;
  readonly start: number;
  /** In bytes. */
  readonly length: number;
  /** True when each byte is a character. */
  readonly isAscii: boolean;
}

/** A text as the bytes of another, in UTF-8, with ASCII put in before one of them. */
export interface Spliced {
  readonly bytes: Buffer;
  readonly at: number;
  readonly insertion: string;
}

export const textOf = ({ bytes, at, insertion }: Spliced): string =>
  `${bytes.toString('utf8', 0, at)}${insertion}${bytes.toString('utf8', at)}`;

const blockBytes = 1024 * 1024;
/** Longer texts are not taken. */
const maxBytes = 64 * 1024;
const leastBytes = 64;
/** Sizes grow by a sixteenth: what a place has too much is a thirtieth on average. */
const sizes = placeSizes();

export class Arena {
  /** Places that were given back, by size. */
  readonly #free: Pick<Place, 'block' | 'start'>[][] = sizes.map(() => []);
  #block: Buffer = Buffer.alloc(0);
  #used = 0;

  /** Undefined for a text that is too long to be kept here. */
  put(text: string | Spliced): Place | undefined {
    if (typeof text !== 'string') return this.#putSpliced(text);
    // A byte count needs a pass over the text: a length that is too great alone does not.
    const length = text.length > maxBytes ? text.length : Buffer.byteLength(text);
    if (length > maxBytes) return undefined;
    const { block, start } = this.#take(sizeAt(length));
    const isPlain = length === text.length;
    block.write(text, start, length, isPlain ? 'latin1' : 'utf8');
    return { block, start, length, isAscii: isPlain };
  }

  #putSpliced({ bytes, at, insertion }: Spliced): Place | undefined {
    const length = bytes.length + insertion.length;
    if (length > maxBytes) return undefined;
    const { block, start } = this.#take(sizeAt(length));
    bytes.copy(block, start, 0, at);
    block.write(insertion, start + at, 'latin1');
    bytes.copy(block, start + at + insertion.length, at);
    return { block, start, length, isAscii: isAscii(bytes) };
  }

  /** The place may be another text's from now on. */
  giveBack({ block, start, length }: Place): void {
    this.#free[sizeAt(length)]?.push({ block, start });
  }

  #take(size: number): Pick<Place, 'block' | 'start'> {
    const free = this.#free[size]?.pop();
    if (free !== undefined) return free;
    const bytes = sizes[size] ?? maxBytes;
    if (this.#used + bytes > this.#block.length) {
      // V8 counts no shared memory: other blocks would be part of what decides when it looks through all of its heap.
      this.#block = Buffer.from(new SharedArrayBuffer(blockBytes));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += bytes;
    return { block: this.#block, start };
  }
}

export const textAt = ({ block, start, length, isAscii: isPlain }: Place): string =>
  block.toString(isPlain ? 'latin1' : 'utf8', start, start + length);

/** Another text's once the place is given back. */
export const bytesAt = ({ block, start, length }: Place): Buffer => block.subarray(start, start + length);

function placeSizes(): readonly number[] {
  const all = [leastBytes];
  for (let last = leastBytes; last < maxBytes; ) {
    last = Math.min(maxBytes, last + 8 * Math.max(1, Math.round(last / 128)));
    all.push(last);
  }
  return all;
}

/** The index of the smallest size that holds so many bytes. */
function sizeAt(bytes: number): number {
  let low = 0;
  let high = sizes.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sizes[middle] ?? 0) < bytes) low = middle + 1;
    else high = middle;
  }
  return low;
}
