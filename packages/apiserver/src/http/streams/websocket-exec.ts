/** A command over one WebSocket: the socket's messages into the pod's stream, and back. */
import type { WebSocket } from 'ws';
import type { NodeStream } from '../../link/node-stream.ts';
import { type ChannelProtocol, channel, channelMessage, outcomeStatus, readMessage } from './channels.ts';
import { Reading } from './reading.ts';

/** Carries both directions until the command or the client ends. Never throws: what goes wrong is told on the error channel. */
export async function serveWebSocketExec(
  socket: WebSocket,
  stream: NodeStream,
  protocol: ChannelProtocol,
): Promise<void> {
  socket.once('close', stream.cancel);
  feedInput(socket, stream, protocol);
  // An empty message tells the client that the command runs.
  await sendMessage(socket, channelMessage(channel.stdout, new Uint8Array()));
  try {
    for await (const output of stream.output())
      await sendMessage(socket, channelMessage(channel[output.channel], output.data));
  } catch {
    // The outcome below carries the fault.
  }
  const status = outcomeStatus(await stream.outcome, 'websocket');
  await sendMessage(socket, channelMessage(channel.error, Buffer.from(status)));
  socket.close(1000);
}

/** Input in order; the socket is not read while the pod has no room. Pieces that came meanwhile go together: a client may send single bytes. */
function feedInput(socket: WebSocket, stream: NodeStream, protocol: ChannelProtocol): void {
  const reading = new Reading(socket);
  let waiting: Uint8Array[] = [];
  let [writing, ended] = [false, false];
  const write = async (): Promise<void> => {
    if (writing) return;
    writing = true;
    reading.hold();
    try {
      while (waiting.length > 0) {
        const pieces = waiting;
        waiting = [];
        await stream.write(Buffer.concat(pieces));
      }
      if (ended) stream.endInput();
    } catch {
      // The command ended before its input did.
      waiting = [];
    }
    writing = false;
    reading.release();
  };
  // Text frames count as binary ones do, as in Kubernetes: the Python client sends text that it is given as text.
  socket.on('message', (data) => {
    reading.count();
    const bytes = toBytes(data);
    if (bytes.length === 0) return;
    const message = readMessage(bytes, protocol);
    if (message.type === 'resize') stream.resize(message.columns, message.rows);
    else if (message.type === 'closeStdin') ended = true;
    else if (message.type === 'stdin' && !ended) waiting.push(message.data);
    if (ended || waiting.length > 0) void write();
  });
}

export const toBytes = (data: Buffer | ArrayBuffer | Buffer[]): Buffer =>
  Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? Buffer.from(data) : data;

/** Resolves when the message is on its way, so that output is read no faster than the client takes it. Resolves too when the socket is gone. */
export function sendMessage(socket: WebSocket, message: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) resolve();
    else socket.send(message, { binary: true }, () => resolve());
  });
}
