/**
 * What this server is about to write comes back from the store as an event. Whoever writes has the object at hand: its facts are taken
 * from there, and the event need not be read when its bytes are the very ones that were announced.
 */
import type { Facts, Written } from './contract.ts';
import { metadataStart } from './splice.ts';

/** Writes in flight are fewer; more than this wait only while the watch of the store is broken. */
const maxExpected = 1000;

/** What is known of a document without reading it. */
export interface Known {
  readonly facts: Facts;
  /** The index of the byte behind the `{` of its metadata. */
  readonly metadataAt: number;
}

interface Expected extends Known {
  readonly bytes: Buffer;
}

export class ExpectedWrites {
  readonly #byKey = new Map<string, Expected>();

  /** Throws SyntaxError when the text has no metadata. */
  add(key: string, { text, bytes }: Written, facts: Facts): void {
    const metadataAt = Buffer.byteLength(text.slice(0, metadataStart(text)));
    this.#byKey.delete(key);
    this.#byKey.set(key, { bytes, metadataAt, facts });
    if (this.#byKey.size <= maxExpected) return;
    for (const oldest of this.#byKey.keys()) {
      this.#byKey.delete(oldest);
      return;
    }
  }

  /** What is known of a document of those bytes, once; undefined when it was not announced, or somebody else's write came first. */
  take(key: string, bytes: Buffer): Known | undefined {
    const expected = this.#byKey.get(key);
    if (expected === undefined) return undefined;
    this.#byKey.delete(key);
    return expected.bytes.equals(bytes) ? expected : undefined;
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }

  clear(): void {
    this.#byKey.clear();
  }
}
