/**
 * Port forwarding over a WebSocket without SPDY inside (`v4.channel.k8s.io`), as client libraries do it: the URL names the
 * ports, and each has two channels, for data and for its error. Both begin with the port's number, in two bytes, low first.
 */
import { toApiError } from '@skiff/api';
import type { WebSocket } from 'ws';
import type { NodeStream } from '../../link/node-stream.ts';
import { channelMessage } from './channels.ts';
import { Reading } from './reading.ts';
import { sendMessage, toBytes } from './websocket-exec.ts';

/** Carries one connection to each port until all have ended, or the client goes. Never throws. */
export async function serveWebSocketForward(
  socket: WebSocket,
  ports: readonly number[],
  open: (port: number) => NodeStream,
): Promise<void> {
  const streams = ports.map(open);
  socket.once('close', () => {
    for (const stream of streams) stream.cancel();
  });
  feed(socket, streams);
  await Promise.all(streams.map((stream, index) => carry(socket, stream, ports[index] ?? 0, 2 * index)));
  socket.close(1000);
}

async function carry(socket: WebSocket, stream: NodeStream, port: number, channel: number): Promise<void> {
  const number = Uint8Array.of(port & 0xff, port >> 8);
  await sendMessage(socket, channelMessage(channel, number));
  await sendMessage(socket, channelMessage(channel + 1, number));
  try {
    for await (const output of stream.output()) await sendMessage(socket, channelMessage(channel, output.data));
  } catch (fault) {
    await sendMessage(socket, channelMessage(channel + 1, Buffer.from(toApiError(fault).message)));
  } finally {
    stream.cancel();
  }
}

/** Messages in order; the socket is not read while the port that the next one is for has no room. */
function feed(socket: WebSocket, streams: readonly NodeStream[]): void {
  const reading = new Reading(socket);
  const waiting: Buffer[] = [];
  let writing = false;
  const write = async (): Promise<void> => {
    writing = true;
    reading.hold();
    for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
      try {
        await streams[(message[0] ?? 0) / 2]?.write(message.subarray(1));
      } catch {
        // This port's connection has ended; others go on.
      }
    }
    writing = false;
    reading.release();
  };
  socket.on('message', (data) => {
    reading.count();
    const message = toBytes(data);
    const isData = message.length > 1 && (message[0] ?? 1) % 2 === 0;
    if (!isData) return;
    waiting.push(message);
    if (!writing) void write();
  });
}
