/** One agent's link: conversations numbered from 1, a ping that finds out when the other side is gone, and an end that ends them all. */
import { ApiError, type Clock } from '@skiff/api';
import type { Open, UpFrame } from './frames.ts';
import { createStream, type NodeStream, type SendFrame, type StreamEnd } from './node-stream.ts';

export const pingEveryMs = 10_000;
/** Without any frame from the agent for this long, the link is dead. */
export const silenceMs = 30_000;
/** Conversations one link carries at once. */
export const maxStreams = 1000;

export interface Link {
  readonly nodeName: string;
  readonly agentVersion: string;
  /** Throws ApiError ServiceUnavailable when the link is closed, TooManyRequests when it is full. */
  open(what: Open): NodeStream;
  /** A frame from the agent. */
  receive(frame: UpFrame): void;
  /** Ends every conversation; idempotent. */
  close(reason: string): void;
  readonly closed: AbortSignal;
  readonly streams: number;
}

export interface LinkParts {
  readonly nodeName: string;
  readonly agentVersion: string;
  readonly clock: Clock;
  readonly send: SendFrame;
}

export function createLink(parts: LinkParts): Link {
  const { clock, nodeName } = parts;
  const streams = new Map<number, StreamEnd>();
  const closed = new AbortController();
  let nextId = 1;
  let heardMs = clock.now();

  const gone = (reason: string): ApiError =>
    new ApiError('ServiceUnavailable', `the connection to node ${JSON.stringify(nodeName)} ended: ${reason}`);

  const close = (reason: string): void => {
    if (closed.signal.aborted) return;
    timer.cancel();
    closed.abort(gone(reason));
    for (const stream of [...streams.values()]) stream.end({ exitCode: undefined, status: gone(reason).status });
    streams.clear();
  };

  const beat = (): void => {
    if (clock.now() - heardMs >= silenceMs) {
      close('the agent does not answer');
      return;
    }
    void parts.send({ stream: 0, type: 'ping' });
    timer = clock.after(pingEveryMs, beat);
  };
  let timer = clock.after(pingEveryMs, beat);

  const send: SendFrame = async (frame) => {
    if (!closed.signal.aborted) await parts.send(frame);
  };

  /** Numbers are reused only after 2^32 conversations, and never one that is still open. */
  const freeId = (): number => {
    while (streams.has(nextId)) nextId = nextId >= 0xffff_ffff ? 1 : nextId + 1;
    const id = nextId;
    nextId = id >= 0xffff_ffff ? 1 : id + 1;
    return id;
  };

  return {
    nodeName,
    agentVersion: parts.agentVersion,
    closed: closed.signal,
    get streams() {
      return streams.size;
    },
    open(what) {
      closed.signal.throwIfAborted();
      if (streams.size >= maxStreams)
        throw new ApiError('TooManyRequests', `node ${JSON.stringify(nodeName)} has too many open streams`, {
          retryAfterSeconds: 1,
        });
      const id = freeId();
      const end = createStream(id, send, () => streams.delete(id));
      streams.set(id, end);
      void send({ stream: id, type: 'open', open: what });
      return end.stream;
    },
    receive(frame) {
      heardMs = clock.now();
      const stream = streams.get(frame.stream);
      // A frame for a stream that we gave up was on its way already.
      if (stream === undefined) return;
      if (frame.type === 'data') stream.receive(frame.channel, frame.data);
      else if (frame.type === 'credit') stream.credit(frame.bytes);
      else if (frame.type === 'end') stream.end(frame.outcome);
    },
    close,
  };
}

/** The linked nodes of this server. With several servers each agent links to each. */
export interface Links {
  /** A node's newest link takes the place of an older one, which is closed. */
  add(link: Link): void;
  /** Throws ApiError ServiceUnavailable when the node has none. */
  of(nodeName: string): Link;
  /** The nodes that have one. */
  names(): readonly string[];
  readonly count: number;
  closeAll(reason: string): void;
}

export function createLinks(): Links {
  const links = new Map<string, Link>();
  return {
    add(link) {
      links.get(link.nodeName)?.close('the agent linked again');
      links.set(link.nodeName, link);
      link.closed.addEventListener('abort', () => {
        if (links.get(link.nodeName) === link) links.delete(link.nodeName);
      });
    },
    of(nodeName) {
      const link = links.get(nodeName);
      if (link === undefined)
        throw new ApiError(
          'ServiceUnavailable',
          `node ${JSON.stringify(nodeName)} has no connection to this API server: its agent is not running, or cannot reach it`,
          { retryAfterSeconds: 1 },
        );
      return link;
    },
    names: () => [...links.keys()],
    get count() {
      return links.size;
    },
    closeAll(reason) {
      for (const link of [...links.values()]) link.close(reason);
    },
  };
}
