/**
 * The server end of a SPDY/3.1 connection as Kubernetes uses one: the client opens streams, told apart by their headers, and both
 * sides write. Kubernetes' peers send no window updates, so TCP is the only back-pressure: the socket is read no further while a
 * stream's reader is behind.
 */
import type { Duplex } from 'node:stream';
import { createCompression } from './spdy-compression.ts';
import { dataFrame, type Frame, pingFrame, readHeaders, rstFrame, SpdyError, synReplyFrame } from './spdy-frames.ts';
import { framesOf } from './spdy-reader.ts';

export interface SpdyStream {
  readonly headers: ReadonlyMap<string, string>;
  /** What the client sends; ends with its half of the stream. One reader. */
  data(): AsyncIterable<Buffer>;
  /** What the client sends from now on is dropped. A stream that is neither read nor discarded holds up all others. */
  discard(): void;
  /** Resolves when the socket has room. Quietly does nothing once the connection is gone. */
  write(data: Uint8Array): Promise<void>;
  /** Closes our half. Idempotent. */
  end(): Promise<void>;
  reset(): void;
}

export interface SpdyConnection {
  /** Streams as the client opens them; ends with the connection. One reader. */
  streams(): AsyncIterable<SpdyStream>;
  /** Ends the connection when what was written is out. */
  close(): void;
  readonly closed: Promise<void>;
}

/** Streams open at once; port-forward opens two for each connection it carries. */
const maxStreams = 2000;
const maxDataBytes = 32 * 1024;

/** A queue with one reader. */
interface Pipe<T> extends AsyncIterable<T> {
  /** Resolves when the item was taken, which is how back-pressure reaches the socket; false when nobody will take it. */
  push(item: T): Promise<boolean>;
  /** What was pushed is still read. */
  end(): void;
  /** What was pushed is dropped. */
  drop(): void;
}

function createPipe<T>(): Pipe<T> {
  const items: { readonly item: T; readonly taken: (was: boolean) => void }[] = [];
  let ended = false;
  let wake: () => void = () => {};
  const drop = (): void => {
    ended = true;
    for (const { taken } of items.splice(0)) taken(false);
    wake();
  };
  return {
    push(item) {
      if (ended) return Promise.resolve(false);
      return new Promise((taken) => {
        items.push({ item, taken });
        wake();
      });
    },
    end() {
      ended = true;
      wake();
    },
    drop,
    async *[Symbol.asyncIterator]() {
      try {
        while (true) {
          const next = items.shift();
          if (next !== undefined) {
            next.taken(true);
            yield next.item;
          } else if (ended) return;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        // Nobody reads any more: whoever waits for that must not wait for ever.
        drop();
      }
    },
  };
}

/** A stream until both of its halves have ended. */
interface Open {
  readonly pipe: Pipe<Buffer>;
  inEnded: boolean;
  outEnded: boolean;
}

/** Speaks SPDY over a byte stream that is past its upgrade. */
export function openSpdy(socket: Duplex): SpdyConnection {
  const compression = createCompression();
  const open = new Map<number, Open>();
  const accepted = createPipe<SpdyStream>();
  const closed = Promise.withResolvers<void>();

  /** Those who wait until the socket has room. */
  const waiting: (() => void)[] = [];
  const onRoom = (): void => {
    for (const resume of waiting.splice(0)) resume();
  };
  socket.on('drain', onRoom);

  const write = async (frame: Buffer): Promise<void> => {
    if (socket.destroyed || !socket.writable) return;
    if (!socket.write(frame)) await new Promise<void>((resume) => waiting.push(resume));
  };

  const endIn = (id: number, state: Open): void => {
    state.inEnded = true;
    state.pipe.end();
    if (state.outEnded) open.delete(id);
  };

  const streamOf = (id: number, headers: ReadonlyMap<string, string>, state: Open): SpdyStream => ({
    headers,
    data: () => state.pipe,
    discard: () => state.pipe.drop(),
    async write(data) {
      for (let at = 0; at < data.length && !state.outEnded; at += maxDataBytes)
        await write(dataFrame(id, data.subarray(at, at + maxDataBytes), false));
    },
    async end() {
      if (state.outEnded) return;
      state.outEnded = true;
      if (state.inEnded) open.delete(id);
      await write(dataFrame(id, new Uint8Array(), true));
    },
    reset() {
      state.outEnded = true;
      endIn(id, state);
      void write(rstFrame(id));
    },
  });

  const accept = async (frame: Extract<Frame, { type: 'synStream' }>): Promise<void> => {
    const headers = readHeaders(await compression.inflate(frame.headers));
    if (open.has(frame.stream) || frame.stream === 0) throw new SpdyError(`stream ${frame.stream} was opened twice`);
    if (open.size >= maxStreams) return write(rstFrame(frame.stream));
    const state: Open = { pipe: createPipe<Buffer>(), inEnded: false, outEnded: false };
    open.set(frame.stream, state);
    if (frame.fin) endIn(frame.stream, state);
    await write(synReplyFrame(frame.stream, await compression.deflate(Buffer.alloc(4))));
    const stream = streamOf(frame.stream, headers, state);
    if (!(await accepted.push(stream))) stream.reset();
  };

  const handle = async (frame: Frame): Promise<void> => {
    if (frame.type === 'synStream') await accept(frame);
    else if (frame.type === 'headers') await compression.inflate(frame.headers);
    else if (frame.type === 'ping') await write(pingFrame(frame.id));
    else if (frame.type === 'rst' || frame.type === 'data') {
      const state = open.get(frame.stream);
      if (state === undefined) return;
      if (frame.type === 'rst') state.outEnded = true;
      else if (frame.data.length > 0) await state.pipe.push(frame.data);
      if (frame.type === 'rst' || frame.fin) endIn(frame.stream, state);
    }
  };

  const run = async (): Promise<void> => {
    for await (const frame of framesOf(socket)) {
      if (frame.type === 'goAway') return;
      await handle(frame);
    }
  };

  /** Also while a frame waits for its reader: that one may itself wait for this. */
  const shutDown = (): void => {
    for (const { pipe } of open.values()) pipe.drop();
    accepted.drop();
    compression.close();
    socket.off('drain', onRoom);
    onRoom();
    closed.resolve();
    socket.destroy();
  };
  socket.once('close', shutDown);
  // A peer that breaks the protocol, or left: both end here.
  void run().then(shutDown, shutDown);

  return { streams: () => accepted, close: () => void socket.end(), closed: closed.promise };
}
