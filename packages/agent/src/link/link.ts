/** One link while it stands: says who the node is, answers pings, and hands each stream to whoever serves it. */
import { ApiError, type Clock } from '@skiff/api';
import type { LinkDown, LinkUp, StreamOpen } from '@skiff/api/wire';
import type { Duplex } from '@skiff/client';
import { type Conversation, type ConversationEnd, createConversation } from './conversation.ts';
import { statusJson } from './faults.ts';

/** The server pings every 10 s: without any message for this long, the link is dead, whatever the connection says. */
export const silenceMs = 30_000;
/** Streams of one link at once; the API server keeps to the same bound. */
export const maxStreams = 1000;

export interface LinkParts {
  readonly nodeName: string;
  readonly agentVersion: string;
  readonly clock: Clock;
  /** Serves one stream to its end, and answers its exit code. */
  readonly serve: (conversation: Conversation, open: StreamOpen) => Promise<number | undefined>;
  /** The server has said something. */
  readonly onHeard: () => void;
  /** Given each stream's end, so that a caller can wait for all. Never rejects. */
  readonly onServing: (done: Promise<void>) => void;
}

/** Returns when the server ends the link. Throws ApiError when it broke, was refused, or fell silent. */
export async function keepLink(parts: LinkParts, duplex: Duplex<LinkUp, LinkDown>): Promise<void> {
  const { clock, nodeName, agentVersion } = parts;
  const streams = new Map<number, ConversationEnd>();
  const send = (message: LinkUp): Promise<void> => duplex.write(message);
  /** A message that nobody waits for. That it could not be sent shows at the read below. */
  const post = (message: LinkUp): void => void send(message).catch(() => {});

  const endOf = (stream: number, end: { exitCode?: number; statusJson: string }): void =>
    post({ stream, end: { channel: 'CHANNEL_UNSPECIFIED', ...end } });

  const run = async (stream: number, end: ConversationEnd, open: StreamOpen): Promise<void> => {
    try {
      const exitCode = await parts.serve(end.conversation, open);
      endOf(stream, exitCode === undefined ? { statusJson: '' } : { exitCode, statusJson: '' });
    } catch (error) {
      // Told also to a server that has given up: it ignores what it does not expect.
      endOf(stream, { statusJson: statusJson(error) });
    } finally {
      streams.delete(stream);
    }
  };

  const open = (stream: number, what: StreamOpen): void => {
    if (streams.has(stream)) throw new ApiError('InternalError', `the API server opened stream ${stream} twice`);
    if (streams.size >= maxStreams) {
      const full = new ApiError('TooManyRequests', `node ${JSON.stringify(nodeName)} has too many open streams`);
      endOf(stream, { statusJson: statusJson(full) });
      return;
    }
    const end = createConversation(stream, send);
    streams.set(stream, end);
    parts.onServing(run(stream, end, what));
  };

  let silent = false;
  const guard = () =>
    clock.after(silenceMs, () => {
      silent = true;
      duplex.cancel();
    });
  let timer = guard();
  post({ stream: 0, hello: { nodeName, agentVersion } });
  try {
    for await (const frame of duplex.output) {
      timer.cancel();
      timer = guard();
      parts.onHeard();
      if (frame.ping === true) post({ stream: 0, pong: true });
      else if (frame.open !== undefined) open(frame.stream, frame.open);
      // A message for a stream that has ended here was on its way already.
      else streams.get(frame.stream)?.receive(frame);
    }
  } catch (error) {
    throw silent ? new ApiError('ServiceUnavailable', `the API server was silent for ${silenceMs / 1000} s`) : error;
  } finally {
    timer.cancel();
    const gone = new ApiError('ServiceUnavailable', 'the link to the API server ended');
    for (const end of streams.values()) end.abort(gone);
    duplex.cancel();
  }
}
