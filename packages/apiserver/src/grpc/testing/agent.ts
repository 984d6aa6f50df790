/** An agent whose pods are functions: the far end of a link, for tests. */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { LinkDown, LinkUp, StreamOpen } from '@skiff/api/wire';
import { vi } from 'vitest';
import type { TestClients, TestServer } from '../../http/testing/server.ts';
import type { KeyPair } from '../../pki/authority.ts';
import { clients } from './clients.ts';

/** One conversation as the agent sees it. */
export interface Conversation {
  readonly open: StreamOpen;
  /** Input, with a credit given back for each piece; ends with the input. */
  readonly input: AsyncIterable<Buffer>;
  readonly sizes: { columns: number; rows: number }[];
  out(channel: 'CHANNEL_STDOUT' | 'CHANNEL_STDERR', data: string | Buffer): Promise<void>;
  end(outcome?: { exitCode?: number; statusJson?: string }): void;
  /** Resolves when the server gave the conversation up. */
  readonly canceled: Promise<void>;
}

export interface FakeAgent {
  /** Resolves when the link has ended, with the code it ended with. */
  readonly closed: Promise<number>;
  readonly pings: () => number;
  close(): void;
}

/** Resolves when the server has the node's link. */
export const linked = (at: TestServer, nodeName: string): Promise<void> =>
  vi.waitFor(() => {
    if (!at.log.some((line) => line.includes('a node linked') && line.includes(`"${nodeName}"`)))
      throw new Error(`${nodeName} has not linked: ${at.log.join('\n')}`);
  }, 30_000);

const windowBytes = 256 * 1024;

/** Links as `nodeName` and answers each conversation with `serve`. */
export function linkAgent(
  at: TestClients,
  as: KeyPair,
  nodeName: string,
  serve: (conversation: Conversation) => Promise<void>,
): FakeAgent {
  const client = at.grpc<{ Link(): ClientDuplexStream<LinkUp, LinkDown>; close(): void }>(clients.Nodes, as);
  const call = client.Link();
  const open = new Map<number, Live>();
  let pings = 0;
  const closed = Promise.withResolvers<number>();
  call.on('data', (frame: LinkDown) => {
    if (frame.ping === true) {
      pings++;
      call.write({ stream: 0, pong: true });
    } else if (frame.open !== undefined) {
      const live = createLive(frame.stream, frame.open, (message) => void call.write(message));
      open.set(frame.stream, live);
      void serve(live.conversation);
    } else open.get(frame.stream)?.take(frame);
  });
  call.on('error', (error: { code?: number }) => closed.resolve(error.code ?? -1));
  call.on('end', () => closed.resolve(0));
  call.write({ stream: 0, hello: { nodeName, agentVersion: 'test' } });
  const close = (): void => {
    call.cancel();
    client.close();
  };
  return { closed: closed.promise, pings: () => pings, close };
}

interface Live {
  readonly conversation: Conversation;
  take(frame: LinkDown): void;
}

function createLive(stream: number, open: StreamOpen, send: (message: LinkUp) => void): Live {
  const input: Buffer[] = [];
  let inputEnded = false;
  let room = windowBytes;
  let wake = (): void => {};
  const canceled = Promise.withResolvers<void>();
  const sizes: { columns: number; rows: number }[] = [];
  const pause = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  const conversation: Conversation = {
    ...{ open, sizes, canceled: canceled.promise },
    input: (async function* () {
      for (;;) {
        const piece = input.shift();
        if (piece !== undefined) {
          send({ stream, credit: piece.length });
          yield piece;
        } else if (inputEnded) return;
        else await pause();
      }
    })(),
    async out(channel, text) {
      const data = Buffer.from(text);
      while (room < data.length) await pause();
      room -= data.length;
      send({ stream, data: { channel, data } });
    },
    end: (outcome = {}) => send({ stream, end: { channel: 'CHANNEL_UNSPECIFIED', statusJson: '', ...outcome } }),
  };
  return {
    conversation,
    take(frame) {
      if (frame.data !== undefined) input.push(frame.data.data);
      if (frame.credit !== undefined) room += frame.credit;
      if (frame.resize !== undefined) sizes.push(frame.resize);
      if (frame.end !== undefined) inputEnded = true;
      if (frame.end?.channel === 'CHANNEL_UNSPECIFIED') canceled.resolve();
      wake();
    },
  };
}
