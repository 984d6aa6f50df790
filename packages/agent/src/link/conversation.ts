/**
 * One stream of a link as its server-side code sees it: input to read, sizes of the terminal, output to write, and a signal that
 * says that nobody listens any more. At most a window of input is held, and output waits until the other side has room.
 */
import { ApiError } from '@skiff/api';
import type { LinkDown, LinkUp } from '@skiff/api/wire';
import type { OutputChunk, TerminalSize } from '../runtime/contract.ts';
import { arrived, frames, noReceipt, refill, used, windowBytes } from './window.ts';

export interface Conversation {
  /** Aborts when the API server gave the conversation up, broke its rules, or is gone. The reason is an ApiError. */
  readonly signal: AbortSignal;
  /** What the client sends; a piece counts as used when the next is asked for. Ends with the input, throws the signal's reason. One reader. */
  input(): AsyncIterable<Uint8Array>;
  /** Sizes of the client's terminal; only the newest matters, so those in between are dropped. Ends when the signal aborts. One reader. */
  sizes(): AsyncIterable<TerminalSize>;
  /** Resolves when the data are on their way. Throws the signal's reason. One writer. */
  write(channel: OutputChunk['channel'], data: Uint8Array): Promise<void>;
}

/** The side that the link drives. */
export interface ConversationEnd {
  readonly conversation: Conversation;
  receive(frame: LinkDown): void;
  abort(reason: ApiError): void;
}

/** Somebody who waits for a change; a change without a waiter is forgotten, since waiters look before they wait. */
class Bell {
  #ring: () => void = () => {};

  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#ring = resolve;
    });
  }

  ring(): void {
    this.#ring();
  }
}

/** Makes stream `stream`; `send` resolves when the link has room for more. */
export function createConversation(stream: number, send: (message: LinkUp) => Promise<void>): ConversationEnd {
  const [input, size, room] = [new Bell(), new Bell(), new Bell()];
  const stop = new AbortController();
  const { signal } = stop;
  const pieces: Uint8Array[] = [];
  let receipt = noReceipt;
  let inputEnded = false;
  let newestSize: TerminalSize | undefined;
  let roomBytes = windowBytes;

  const abort = (reason: ApiError): void => {
    if (signal.aborted) return;
    stop.abort(reason);
    pieces.length = 0;
    for (const bell of [input, size, room]) bell.ring();
  };

  const credit = async (bytes: number): Promise<void> => {
    const after = used(receipt, bytes);
    receipt = after.receipt;
    if (after.credit > 0) await send({ stream, credit: after.credit });
  };

  async function* readInput(): AsyncGenerator<Uint8Array> {
    for (;;) {
      signal.throwIfAborted();
      const piece = pieces.shift();
      if (piece !== undefined) {
        yield piece;
        await credit(piece.length);
      } else if (inputEnded) return;
      else await input.wait();
    }
  }

  async function* readSizes(): AsyncGenerator<TerminalSize> {
    while (!signal.aborted) {
      const next = newestSize;
      newestSize = undefined;
      if (next === undefined) await size.wait();
      else yield next;
    }
  }

  const takeData = (data: Uint8Array): void => {
    if (inputEnded) return;
    const next = arrived(receipt, data.length);
    if (next === undefined) {
      abort(new ApiError('InternalError', 'the API server sent more than the stream allows'));
      return;
    }
    receipt = next;
    pieces.push(data);
    input.ring();
  };

  const takeEnd = (channel: string): void => {
    if (channel === 'CHANNEL_STDIN') {
      inputEnded = true;
      input.ring();
    } else abort(new ApiError('ServiceUnavailable', 'the stream was given up'));
  };

  return {
    abort,
    conversation: {
      signal,
      input: readInput,
      sizes: readSizes,
      async write(channel, data) {
        for (const piece of frames(data)) {
          while (roomBytes < piece.length && !signal.aborted) await room.wait();
          signal.throwIfAborted();
          roomBytes -= piece.length;
          const wireChannel = channel === 'stderr' ? 'CHANNEL_STDERR' : 'CHANNEL_STDOUT';
          await send({ stream, data: { channel: wireChannel, data: Buffer.from(piece) } });
        }
      },
    },
    receive(frame) {
      if (signal.aborted) return;
      if (frame.data !== undefined) takeData(frame.data.data);
      else if (frame.end !== undefined) takeEnd(frame.end.channel);
      else if (frame.credit !== undefined) {
        roomBytes = refill(roomBytes, frame.credit);
        room.ring();
      } else if (frame.resize !== undefined && isSize(frame.resize)) {
        newestSize = frame.resize;
        size.ring();
      }
    },
  };
}

const maxSize = 65_535;
const isSize = ({ columns, rows }: TerminalSize): boolean =>
  columns > 0 && rows > 0 && columns <= maxSize && rows <= maxSize;
