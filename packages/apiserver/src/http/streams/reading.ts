/** Who stops a WebSocket from being read, and for how long. */
import type { WebSocket } from 'ws';

/** Messages of one turn of the event loop: a client may send them in single bytes, and Node reads up to two megabytes in a turn. */
const turnMessages = 2000;

/** The socket is read while nobody holds it, and no more than some messages a turn, so that others have theirs. */
export class Reading {
  readonly #socket: WebSocket;
  #holds = 0;
  #left = turnMessages;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  hold(): void {
    this.#holds += 1;
    if (this.#holds === 1) this.#socket.pause();
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#socket.resume();
  }

  /** To be called for each message. */
  count(): void {
    this.#left -= 1;
    if (this.#left > 0) return;
    // What was read before goes on to come.
    this.#left = Number.POSITIVE_INFINITY;
    this.hold();
    setImmediate(() => {
      this.#left = turnMessages;
      this.release();
    });
  }
}
