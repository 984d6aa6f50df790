/**
 * One conversation on a link: output to read, input to write, a window in each direction so that neither side has to hold more
 * than 256 KiB of what the other has not taken.
 */
import { ApiError } from '@skiff/api';
import type { DownFrame, Outcome, OutputChannel } from './frames.ts';

/** Unacknowledged bytes that a sender may have outstanding on one stream (nodes.proto). */
export const windowBytes = 256 * 1024;
/** The largest data frame. */
export const maxFrameBytes = 64 * 1024;
/** Credit is given back in steps of this, so that a slow trickle does not cost a frame each. */
const creditStepBytes = 64 * 1024;

export interface Output {
  readonly channel: OutputChannel;
  readonly data: Uint8Array;
}

/** What both doors hold of a conversation with a pod. */
export interface NodeStream {
  /** Output in order; ends when the conversation does, and throws ApiError when it failed. Only one reader. */
  output(): AsyncIterable<Output>;
  /** Resolves when the agent and the link have room for more. Throws once the conversation is over. */
  write(data: Uint8Array): Promise<void>;
  /** No more input. Idempotent. */
  endInput(): void;
  /** Of sizes that come faster than the link takes them, the last is told. */
  resize(columns: number, rows: number): void;
  /** How it ended: never rejects. */
  readonly outcome: Promise<Outcome>;
  /** Tells the agent that nobody listens any more. Idempotent. */
  cancel(): void;
}

/** The side of a stream that the link drives. */
export interface StreamEnd {
  readonly stream: NodeStream;
  receive(channel: OutputChannel, data: Uint8Array): void;
  credit(bytes: number): void;
  end(outcome: Outcome): void;
}

const over = (): ApiError => new ApiError('ServiceUnavailable', 'the stream is over');
const overrun = (): ApiError => new ApiError('InternalError', 'the node sent more than the stream allows');

/** Puts a frame on the link; resolves when the link has room for more. Never rejects: a link that fails ends its streams. */
export type SendFrame = (frame: DownFrame) => Promise<void>;

/** Makes a stream numbered `id`; `onClosed` is called once when it is over for both sides. */
export function createStream(id: number, sendFrame: SendFrame, onClosed: () => void): StreamEnd {
  const queue: Output[] = [];
  let queuedBytes = 0;
  let takenBytes = 0;
  let room = windowBytes;
  let inputEnded = false;
  let result: Outcome | undefined;
  const outcome = Promise.withResolvers<Outcome>();
  /** A frame that nobody waits for. */
  const send = (frame: DownFrame): void => void sendFrame(frame);
  let wakeReader: () => void = () => {};
  let wakeWriter: () => void = () => {};
  let leaveLink: () => void = () => {};

  const finish = (ended: Outcome): void => {
    if (result !== undefined) return;
    result = ended;
    outcome.resolve(ended);
    onClosed();
    wakeReader();
    wakeWriter();
    leaveLink();
  };

  const cancel = (status = canceled()): void => {
    if (result !== undefined) return;
    send({ stream: id, type: 'end' });
    finish({ exitCode: undefined, status: status.status });
  };

  const take = (): Output | undefined => {
    const next = queue.shift();
    if (next === undefined) return undefined;
    queuedBytes -= next.data.length;
    takenBytes += next.data.length;
    if (takenBytes >= creditStepBytes && result === undefined) {
      send({ stream: id, type: 'credit', bytes: takenBytes });
      takenBytes = 0;
    }
    return next;
  };

  async function* output(): AsyncGenerator<Output> {
    while (true) {
      const next = take();
      if (next !== undefined) yield next;
      else if (result === undefined) await new Promise<void>((wake) => (wakeReader = wake));
      else break;
    }
    const status = result.status;
    if (status !== undefined)
      throw new ApiError(status.reason ?? 'InternalError', status.message ?? 'the stream failed', status.details, {
        code: status.code,
      });
  }

  const writePart = async (part: Uint8Array): Promise<void> => {
    while (room < part.length && result === undefined) await new Promise<void>((wake) => (wakeWriter = wake));
    if (result !== undefined || inputEnded) throw over();
    room -= part.length;
    const sent = sendFrame({ stream: id, type: 'data', data: part });
    // A link that takes nothing any more must not hold a writer after its end.
    await new Promise<void>((resolve) => {
      leaveLink = resolve;
      void sent.then(resolve);
    });
    if (result !== undefined) throw over();
  };

  /** The newest size that the agent was not told; those between do not matter, and a client may send millions. */
  let size: { readonly columns: number; readonly rows: number } | undefined;
  let tellsSizes = false;
  const tellSizes = async (): Promise<void> => {
    if (tellsSizes) return;
    tellsSizes = true;
    while (size !== undefined && result === undefined) {
      const newest = size;
      size = undefined;
      await sendFrame({ stream: id, type: 'resize', ...newest });
    }
    tellsSizes = false;
  };

  const stream: NodeStream = {
    output,
    async write(data) {
      for (let at = 0; at < data.length; at += maxFrameBytes) await writePart(data.subarray(at, at + maxFrameBytes));
    },
    endInput() {
      if (inputEnded || result !== undefined) return;
      inputEnded = true;
      send({ stream: id, type: 'endInput' });
    },
    resize(columns, rows) {
      size = { columns, rows };
      void tellSizes();
    },
    outcome: outcome.promise,
    cancel: () => cancel(),
  };

  return {
    stream,
    receive(channel, data) {
      if (result !== undefined) return;
      queue.push({ channel, data });
      queuedBytes += data.length;
      if (queuedBytes + takenBytes > windowBytes) cancel(overrun());
      else wakeReader();
    },
    credit(bytes) {
      room = Math.min(room + bytes, windowBytes);
      wakeWriter();
    },
    end: finish,
  };
}

const canceled = (): ApiError => new ApiError('ServiceUnavailable', 'the stream was given up');
