/**
 * `grpc.health.v1.Health/Check` without a gRPC stack: one request over HTTP/2, whose message is a single string and
 * whose answer a single enum. Plain text, as kubelet asks.
 */
import { connect } from 'node:http2';
import { type Answer, describeSocketError } from './answer.ts';

const serving = 1;
const statusNames = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const maxAnswerBytes = 4096;

export function grpcHealth(host: string, port: number, service: string, signal: AbortSignal): Promise<Answer> {
  const name = host.includes(':') ? `[${host}]` : host;
  return new Promise((resolve, reject) => {
    const session = connect(`http://${name}:${port}`);
    const finish = (answer: Answer): void => {
      signal.removeEventListener('abort', abort);
      session.destroy();
      resolve(answer);
    };
    const fail = (error: NodeJS.ErrnoException): void => {
      const why = `dial tcp ${name}:${port}: ${describeSocketError(error)}`;
      finish({ ok: false, output: `timeout: failed to connect service "${name}:${port}": ${why}` });
    };
    const abort = (): void => {
      session.destroy();
      reject(signal.reason);
    };
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener('abort', abort, { once: true });
    // More than one may come: whoever listens once meets the next as an uncaught one.
    session.on('error', fail);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      'user-agent': 'kube-probe/1.32',
      te: 'trailers',
    });
    const parts: Buffer[] = [];
    let status = '';
    const noteStatus = (headers: object): void => {
      const text: unknown = Reflect.get(headers, 'grpc-status');
      if (text !== undefined) status = String(text);
    };
    stream.once('response', noteStatus);
    stream.once('trailers', noteStatus);
    let size = 0;
    stream.on('data', (part: Buffer) => {
      if (size < maxAnswerBytes) parts.push(part);
      size += part.length;
    });
    stream.on('error', fail);
    stream.once('end', () => finish(verdict(status, Buffer.concat(parts), service)));
    stream.end(encodeRequest(service));
  });
}

/** Five bytes of gRPC framing, then field 1, a string. */
function encodeRequest(service: string): Buffer {
  const text = Buffer.from(service);
  const message = text.length === 0 ? text : Buffer.concat([Buffer.from([0x0a]), varint(text.length), text]);
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  return Buffer.concat([frame, message]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return Buffer.from([...bytes, rest]);
}

function verdict(grpcStatus: string, body: Buffer, service: string): Answer {
  if (grpcStatus === '12') {
    return {
      ok: false,
      output: 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health)',
    };
  }
  if (grpcStatus !== '0')
    return { ok: false, output: `error: health rpc for service "${service}" failed: ${grpcStatus}` };
  // An absent field is the enum's zero: UNKNOWN.
  const status = body[5] === 0x08 ? (body[6] ?? 0) : 0;
  if (status === serving) return { ok: true, output: '' };
  return { ok: false, output: `service unhealthy (responded with "${statusNames[status] ?? status}")` };
}
