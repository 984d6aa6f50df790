/**
 * Wakes those who wait for events, together, when the turn of the event loop in which the events came is over: what came in one turn goes
 * out as one batch a watcher, and the busier the server is, the more that is.
 */

/** Woken at once; then others have their turn. */
const atOnce = 250;

export class Wakeups {
  #waiting: (() => void)[] = [];

  /** Calls `wake` when this turn is over. */
  add(wake: () => void): void {
    if (this.#waiting.push(wake) === 1) setImmediate(() => this.#run());
  }

  #run(): void {
    const woken = this.#waiting.slice(0, atOnce);
    this.#waiting = this.#waiting.slice(atOnce);
    if (this.#waiting.length > 0) setImmediate(() => this.#run());
    for (const wake of woken) wake();
  }
}
