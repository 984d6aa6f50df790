/** The API server's end of one link in memory: says what a test wants, and keeps what the agent says. */
import { ApiError } from '@skiff/api';
import type { LinkDown, LinkUp, StreamOpen } from '@skiff/api/wire';
import type { Duplex } from '@skiff/client';
import { settle } from '@skiff/client/testing';
import { createChannel } from '../../async/channel.ts';

export interface ServerEnd {
  readonly duplex: Duplex<LinkUp, LinkDown>;
  readonly received: readonly LinkUp[];
  /** True once the agent has let go of the link. */
  readonly canceled: boolean;
  say(frame: LinkDown): Promise<void>;
  open(stream: number, what: StreamOpen): Promise<void>;
  /** Output of a stream so far, of both channels in order. */
  outputOf(stream: number): string;
  endOf(stream: number): { exitCode?: number; statusJson: string } | undefined;
  /** Ends the link, with an error when one is given. */
  end(error?: unknown): void;
}

export function createServerEnd(): ServerEnd {
  const down = createChannel<LinkDown>();
  const received: LinkUp[] = [];
  let canceled = false;
  const say = async (frame: LinkDown): Promise<void> => {
    down.push(frame);
    await settle();
  };
  return {
    received,
    say,
    get canceled() {
      return canceled;
    },
    duplex: {
      async write(message) {
        if (canceled) throw new ApiError('ServiceUnavailable', 'the stream has ended');
        received.push(message);
      },
      end: () => down.end(),
      output: down,
      cancel() {
        canceled = true;
        down.end(new ApiError('ServiceUnavailable', 'canceled'));
      },
    },
    open: (stream, open) => say({ stream, open }),
    outputOf: (stream) =>
      received.flatMap((one) => (one.stream === stream && one.data ? [one.data.data.toString()] : [])).join(''),
    endOf: (stream) => received.find((one) => one.stream === stream && one.end !== undefined)?.end,
    end: (error) => down.end(error),
  };
}
