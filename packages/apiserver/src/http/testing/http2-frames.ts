/** Frames of HTTP/2 by hand (RFC 9113, section 4.1). For tests only. */

export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

const headBytes = 9;
const [endStream, endHeaders, ack] = [1, 4, 1];

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** The whole frames among what came. */
export function* framesIn(received: Buffer): Generator<Frame> {
  let rest = received;
  while (rest.length >= headBytes) {
    const end = headBytes + rest.readUIntBE(0, 3);
    if (rest.length < end) return;
    const [type = 0, flags = 0] = rest.subarray(3, 5);
    yield { type, flags, stream: rest.readUInt32BE(5), payload: rest.subarray(headBytes, end) };
    rest = rest.subarray(end);
  }
}

/** The error code of the last GOAWAY; undefined while there is none. */
export const goawayCode = (received: Buffer): number | undefined =>
  [...framesIn(received)].findLast(({ type }) => type === frameType.goaway)?.payload.readUInt32BE(4);

export const preface = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  frame(frameType.settings, 0, 0),
]);
export const settingsAck = frame(frameType.settings, ack, 0);

/** A header field that is sent as it is, with a name shorter than 127. */
export function literal(name: string, value: string): Buffer {
  const parts = [Buffer.from([0, name.length]), Buffer.from(name), lengthOf(value.length), Buffer.from(value)];
  return Buffer.concat(parts);
}

/** RFC 7541, section 5.1, of seven bits. */
function lengthOf(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest >>= 7) bytes.push(128 | (rest & 127));
  return Buffer.from([...bytes, rest]);
}

/** The header block of `GET https://x` and that path. */
export const getBlock = (path: string): Buffer =>
  Buffer.concat([Buffer.from([0x82, 0x87, 0x41, 1, 0x78, 4]), lengthOf(path.length), Buffer.from(path)]);

/** A whole request. */
export const getFrame = (stream: number, path: string): Buffer =>
  frame(frameType.headers, endStream | endHeaders, stream, getBlock(path));
