/** A client that speaks as badly as a test wants: bytes over TLS, WebSocket frames and SPDY frames by hand. For tests only. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import type { KeyPair } from '../../../pki/authority.ts';
import type { TestClients } from '../../testing/server.ts';
import { createCompression } from '../spdy-compression.ts';
import { synStreamFrame, writeHeaders } from '../spdy-frames.ts';

export interface Raw {
  readonly socket: TLSSocket;
  /** All that the server has said so far. */
  readonly received: () => Buffer;
  /** Resolves when the server has closed the connection. */
  readonly closed: Promise<void>;
}

export async function rawConnection(
  at: TestClients,
  as: KeyPair = at.admin,
  protocol: 'http/1.1' | 'h2' = 'http/1.1',
): Promise<Raw> {
  const socket = connect({
    ...{ host: '127.0.0.1', port: at.restPort, servername: 'localhost', ALPNProtocols: [protocol] },
    ...{ ca: at.ca.certificatePem, cert: as.certificatePem, key: as.keyPem },
  });
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await once(socket, 'secureConnect');
  return { socket, received: () => Buffer.concat(parts), closed };
}

const pods = '/api/v1/namespaces/default/pods';

export const requestText = (path: string, headers: Readonly<Record<string, string>>): string =>
  [
    `GET ${pods}/${path} HTTP/1.1`,
    'Host: localhost',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '\r\n',
  ].join('\r\n');

export const webSocketHeaders = (protocol = 'v5.channel.k8s.io'): Record<string, string> => ({
  ...{ Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' },
  ...{ 'Sec-WebSocket-Key': randomBytes(16).toString('base64'), 'Sec-WebSocket-Protocol': protocol },
});

export const spdyHeaders = (protocol: string): Record<string, string> => ({
  ...{ Connection: 'Upgrade', Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': protocol },
});

/** What follows the answer's head. */
export function bodyOf(received: Buffer): Buffer {
  const at = received.indexOf('\r\n\r\n');
  return at < 0 ? Buffer.alloc(0) : received.subarray(at + 4);
}

/** Asks for an upgrade and waits for the 101. */
export async function upgraded(at: TestClients, path: string, headers: Readonly<Record<string, string>>): Promise<Raw> {
  const raw = await rawConnection(at);
  raw.socket.write(requestText(path, headers));
  while (!raw.received().includes('\r\n\r\n')) await Promise.race([once(raw.socket, 'data'), raw.closed]);
  if (!raw.received().toString('latin1').startsWith('HTTP/1.1 101'))
    throw new Error(`no upgrade: ${raw.received().toString()}`);
  return raw;
}

/** The code of the server's close frame; undefined while there is none, or when it closed without one. */
export function closeCode(received: Buffer): number | undefined {
  let rest = bodyOf(received);
  while (rest.length >= 2) {
    const [first = 0, second = 0] = rest;
    const long = second === 126;
    if (second === 127) throw new Error('a longer frame than the tests expect');
    const [start, length] = long ? [4, rest.readUInt16BE(2)] : [2, second];
    if ((first & 0x0f) === 8) return rest.readUInt16BE(start);
    rest = rest.subarray(start + length);
  }
  return undefined;
}

/** A frame as a client sends one: masked, with a mask of zeros. */
export function clientFrame(opcode: number, payload: Uint8Array, fin = true): Buffer {
  const head = payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 0xff];
  return Buffer.concat([
    Buffer.from([(fin ? 0x80 : 0) | opcode, 0x80 | (head[0] ?? 0), ...head.slice(1), 0, 0, 0, 0]),
    payload,
  ]);
}

/** Makes SYN_STREAM frames whose headers the server can inflate in this order. */
export function spdyOpener(): (stream: number, headers: Readonly<Record<string, string>>) => Promise<Buffer> {
  const compression = createCompression();
  return async (stream, headers) =>
    synStreamFrame(stream, await compression.deflate(writeHeaders(new Map(Object.entries(headers)))));
}
