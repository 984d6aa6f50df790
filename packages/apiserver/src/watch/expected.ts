/**
 * What this server is about to write comes back from the store as an event. Whoever writes has the object at hand: its facts are taken
 * from there, and the text of the event need not be parsed when it is the very text that was announced.
 */
import type { Facts } from './contract.ts';

/** Writes in flight are fewer; more than this wait only while the watch of the store is broken. */
const maxExpected = 1000;

export class ExpectedWrites {
  readonly #byKey = new Map<string, { readonly text: string; readonly facts: Facts }>();

  add(key: string, text: string, facts: Facts): void {
    this.#byKey.delete(key);
    this.#byKey.set(key, { text, facts });
    if (this.#byKey.size <= maxExpected) return;
    for (const oldest of this.#byKey.keys()) {
      this.#byKey.delete(oldest);
      return;
    }
  }

  /** The facts of a document of that text, once; undefined when it was not announced, or somebody else's write came first. */
  take(key: string, text: string): Facts | undefined {
    const expected = this.#byKey.get(key);
    if (expected === undefined) return undefined;
    this.#byKey.delete(key);
    return expected.text === text ? expected.facts : undefined;
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }

  clear(): void {
    this.#byKey.clear();
  }
}
