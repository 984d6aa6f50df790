/** A WebSocket as a byte stream: kubectl carries SPDY through one since 1.31 (KEP-4006), since proxies pass WebSockets. */
import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket } from 'ws';

/** Binary messages are read as bytes, in order, whatever their borders; each write is a message. */
export function tunnel(socket: WebSocket): Duplex {
  const stream = createWebSocketStream(socket, { allowHalfOpen: false });
  stream.on('error', () => {});
  return stream;
}
