/**
 * Writes that a controller has made and its cache has not shown yet. Before it acts on an object again it waits for them,
 * or it would create twice what it created already. A write is expected before it is sent, and found again by name
 * (creations) or uid (deletions), so it does not matter whether the answer or the watch event comes first.
 */
import type { Clock } from '@skiff/api';

/** After this long a write that never showed is forgotten (client-go's ExpectationsTimeout): a lost event must not stop an object for ever. */
const expiryMs = 5 * 60 * 1000;

interface Awaited {
  readonly sinceMs: number;
  /** The resourceVersion the cache has to reach; undefined: any sight of the object will do. */
  readonly version: bigint | undefined;
}

export class Expectations {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Map<string, Awaited>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `token` names the write: `create:<name>`, `delete:<uid>`, or an updated object with the version it got. */
  expect(key: string, token: string, version?: string): void {
    const tokens = this.#byKey.get(key) ?? new Map<string, Awaited>();
    tokens.set(token, { sinceMs: this.#clock.now(), version: version === undefined ? undefined : BigInt(version) });
    this.#byKey.set(key, tokens);
  }

  /** The cache has shown it (at `version`, when one was expected), or the write failed. */
  settle(key: string, token: string, version?: string): void {
    const tokens = this.#byKey.get(key);
    const awaited = tokens?.get(token);
    if (tokens === undefined || awaited === undefined) return;
    if (awaited.version !== undefined && version !== undefined && BigInt(version) < awaited.version) return;
    tokens.delete(token);
    if (tokens.size === 0) this.#byKey.delete(key);
  }

  /** Nothing is awaited for `key`. */
  settled(key: string): boolean {
    const tokens = this.#byKey.get(key);
    if (tokens === undefined) return true;
    const oldest = this.#clock.now() - expiryMs;
    for (const [token, { sinceMs }] of tokens) if (sinceMs <= oldest) this.settle(key, token);
    return !this.#byKey.has(key);
  }

  /** The object is gone: nothing about it matters any more. */
  forget(key: string): void {
    this.#byKey.delete(key);
  }
}
