/** What waits for one watcher: bounded, so that a slow one costs the others nothing. */
import type { WatchEvent } from './contract.ts';

export class EventQueue {
  readonly #capacity: number;
  #events: WatchEvent[] = [];
  #wake: (() => void) | undefined;
  #ended: Error | undefined;
  #closed = false;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** False when there is no room: the watcher has to be ended. Nothing comes behind the end: what was left out before it is lost. */
  push(event: WatchEvent): boolean {
    if (this.#closed) return true;
    if (this.#events.length >= this.#capacity) return false;
    this.#events.push(event);
    this.#wake?.();
    return true;
  }

  /** No more events; what waits is still delivered, then `error` is thrown, when there is one. */
  end(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended = error;
    this.#wake?.();
  }

  /** Everything that waits, together. Undefined at the end. */
  async take(): Promise<readonly WatchEvent[] | undefined> {
    while (this.#events.length === 0) {
      if (this.#closed) {
        if (this.#ended !== undefined) throw this.#ended;
        return undefined;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
    }
    const events = this.#events;
    this.#events = [];
    return events;
  }
}
