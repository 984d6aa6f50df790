/**
 * SPDY/3.1's frames as far as Kubernetes' streams use them (draft-mbelshe-httpbis-spdy-00, section 2): old kubectls know nothing else.
 * Pure, but for the header compression, which is a stream of its own by the protocol's design and comes in as `headers`.
 */

/** Control frame types. */
export const type = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

const flagFin = 1;
const version = 3;
const headBytes = 8;

/** Peers send at most 32 KiB in a data frame, and headers of a few hundred bytes. */
export const maxFrameBytes = 1024 * 1024;

export type Frame =
  | { readonly type: 'data'; readonly stream: number; readonly fin: boolean; readonly data: Buffer }
  /** `headers` is still compressed. */
  | { readonly type: 'synStream'; readonly stream: number; readonly fin: boolean; readonly headers: Buffer }
  /** More headers of an open stream; read only to keep the decompression in step. */
  | { readonly type: 'headers'; readonly stream: number; readonly headers: Buffer }
  | { readonly type: 'rst'; readonly stream: number }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'goAway' }
  | { readonly type: 'ignored' };

/** A peer that does not speak SPDY/3. */
export class SpdyError extends Error {
  override readonly name = 'SpdyError';
}

/** How many bytes `buffer` must have for its first frame, as far as it shows. */
export const frameBytes = (buffer: Buffer): number =>
  buffer.length < headBytes ? headBytes : headBytes + buffer.readUIntBE(5, 3);

/** The first frame of `buffer` and what follows it; undefined while it is not all there. Throws SpdyError. */
export function readFrame(buffer: Buffer): { readonly frame: Frame; readonly rest: Buffer } | undefined {
  if (buffer.length < headBytes) return undefined;
  const length = buffer.readUIntBE(5, 3);
  if (length > maxFrameBytes) throw new SpdyError(`a frame of ${length} bytes`);
  if (buffer.length < headBytes + length) return undefined;
  const payload = buffer.subarray(headBytes, headBytes + length);
  const rest = buffer.subarray(headBytes + length);
  const isControl = ((buffer[0] ?? 0) & 0x80) !== 0;
  const flags = buffer[4] ?? 0;
  const frame = isControl
    ? controlFrame(buffer.readUInt16BE(0) & 0x7fff, buffer.readUInt16BE(2), flags, payload)
    : ({ type: 'data', stream: buffer.readUInt32BE(0), fin: (flags & flagFin) !== 0, data: payload } as const);
  return { frame, rest };
}

function controlFrame(spoken: number, kind: number, flags: number, payload: Buffer): Frame {
  if (spoken !== version) throw new SpdyError(`SPDY version ${spoken}`);
  const need = (bytes: number): void => {
    if (payload.length < bytes) throw new SpdyError('a frame that is too short');
  };
  const streamId = (): number => payload.readUInt32BE(0) & 0x7fff_ffff;
  switch (kind) {
    case type.synStream:
      need(10);
      return { type: 'synStream', stream: streamId(), fin: (flags & flagFin) !== 0, headers: payload.subarray(10) };
    case type.headers:
    case type.synReply:
      need(4);
      return { type: 'headers', stream: streamId(), headers: payload.subarray(4) };
    case type.rstStream:
      need(8);
      return { type: 'rst', stream: streamId() };
    case type.ping:
      need(4);
      return { type: 'ping', id: payload.readUInt32BE(0) };
    case type.goAway:
      return { type: 'goAway' };
    default:
      // SETTINGS and WINDOW_UPDATE among them: Kubernetes' peers keep no windows, TCP holds them back.
      return { type: 'ignored' };
  }
}

function controlHead(kind: number, length: number): Buffer {
  const head = Buffer.alloc(headBytes + length);
  head.writeUInt16BE(0x8000 | version, 0);
  head.writeUInt16BE(kind, 2);
  head.writeUIntBE(length, 5, 3);
  return head;
}

export function dataFrame(stream: number, data: Uint8Array, fin: boolean): Buffer {
  const frame = Buffer.alloc(headBytes + data.length);
  frame.writeUInt32BE(stream, 0);
  frame[4] = fin ? flagFin : 0;
  frame.writeUIntBE(data.length, 5, 3);
  frame.set(data, headBytes);
  return frame;
}

/** `headers` is compressed. */
export function synReplyFrame(stream: number, headers: Uint8Array): Buffer {
  const frame = controlHead(type.synReply, 4 + headers.length);
  frame.writeUInt32BE(stream, headBytes);
  frame.set(headers, headBytes + 4);
  return frame;
}

/** A client's SYN_STREAM, for tests. `headers` is compressed. */
export function synStreamFrame(stream: number, headers: Uint8Array): Buffer {
  const frame = controlHead(type.synStream, 10 + headers.length);
  frame.writeUInt32BE(stream, headBytes);
  frame.set(headers, headBytes + 10);
  return frame;
}

const statusCancel = 5;

export function rstFrame(stream: number): Buffer {
  const frame = controlHead(type.rstStream, 8);
  frame.writeUInt32BE(stream, headBytes);
  frame.writeUInt32BE(statusCancel, headBytes + 4);
  return frame;
}

export function pingFrame(id: number): Buffer {
  const frame = controlHead(type.ping, 4);
  frame.writeUInt32BE(id, headBytes);
  return frame;
}

/** A header block: names in lower case to values. Throws SpdyError for one that lies about its lengths. */
export function readHeaders(block: Buffer): ReadonlyMap<string, string> {
  let at = 0;
  const number = (): number => {
    if (at + 4 > block.length) throw new SpdyError('a header block that is too short');
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = number();
    if (at + length > block.length) throw new SpdyError('a header block that is too short');
    at += length;
    return block.toString('utf8', at - length, at);
  };
  const headers = new Map<string, string>();
  for (let left = number(); left > 0; left--) {
    const name = text();
    headers.set(name.toLowerCase(), text());
  }
  return headers;
}

export function writeHeaders(headers: ReadonlyMap<string, string>): Buffer {
  const parts: Buffer[] = [];
  const number = (value: number): void => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    parts.push(bytes);
  };
  number(headers.size);
  for (const text of [...headers].flat()) {
    const bytes = Buffer.from(text);
    number(bytes.length);
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}
