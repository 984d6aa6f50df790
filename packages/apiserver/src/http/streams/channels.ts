/** The channel protocols of commands over WebSocket (`v4.channel.k8s.io`, KEP-4006's `v5`): each message is a channel's number and its bytes. */
import { ApiError } from '@skiff/api';
import type { Outcome } from '../../link/frames.ts';

const internalError = (message: string): ApiError =>
  new ApiError('InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });

export const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

/** First byte of a v5 message that closes the channel named by the second. */
const closeSignal = 255;

export type ChannelProtocol = 'v5.channel.k8s.io' | 'v4.channel.k8s.io';

/** Best first. */
export const channelProtocols: readonly ChannelProtocol[] = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

export type ChannelMessage =
  | { readonly type: 'stdin'; readonly data: Uint8Array }
  | { readonly type: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly type: 'closeStdin' }
  | { readonly type: 'ignored' };

/** What a client's message says. Messages for channels that are not its own are ignored, as are sizes that are none. */
export function readMessage(message: Uint8Array, protocol: ChannelProtocol): ChannelMessage {
  const rest = message.subarray(1);
  switch (message[0]) {
    case channel.stdin:
      return { type: 'stdin', data: rest };
    case channel.resize:
      return parseResize(rest) ?? { type: 'ignored' };
    case closeSignal:
      return protocol === 'v5.channel.k8s.io' && rest[0] === channel.stdin
        ? { type: 'closeStdin' }
        : { type: 'ignored' };
    default:
      return { type: 'ignored' };
  }
}

const maxSize = 65_535;

/** `{"Width":80,"Height":24}`; undefined unless both are sizes of a terminal. */
export function parseResize(data: Uint8Array): { type: 'resize'; columns: number; rows: number } | undefined {
  if (data.length > 256) return undefined;
  let size: unknown;
  try {
    size = JSON.parse(Buffer.from(data).toString());
  } catch {
    return undefined;
  }
  if (typeof size !== 'object' || size === null) return undefined;
  const { Width: columns, Height: rows } = size as { Width?: unknown; Height?: unknown };
  const sound = (value: unknown): value is number =>
    Number.isInteger(value) && Number(value) > 0 && Number(value) <= maxSize;
  return sound(columns) && sound(rows) ? { type: 'resize', columns, rows } : undefined;
}

/** A message on a channel. */
export function channelMessage(number: number, data: Uint8Array): Buffer {
  const message = Buffer.allocUnsafe(data.length + 1);
  message[0] = number;
  message.set(data, 1);
  return message;
}

/**
 * What the error channel says at the end: Success, a Status, or an exit code as its cause. A node that has no such container is told of in
 * the words of the kubelet's refused upgrade, which over WebSocket is an internal error: users know these lines.
 */
export function outcomeStatus(outcome: Outcome, over: 'websocket' | 'spdy'): string {
  if (outcome.status !== undefined) {
    if (outcome.status.reason !== 'NotFound') return JSON.stringify(outcome.status);
    const message = `unable to upgrade connection: ${outcome.status.message ?? ''}`;
    return JSON.stringify(over === 'spdy' ? { ...outcome.status, message } : internalError(message).status);
  }
  const { exitCode = 0 } = outcome;
  if (exitCode === 0) return JSON.stringify({ metadata: {}, status: 'Success' });
  return JSON.stringify({
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  });
}
