/** An HTTP/2 server without TLS whose every stream goes to one function, and a raw client of it. */
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { framed } from '../messages.ts';

export interface RawDoor {
  readonly address: string;
  /** A call with this body and no end of its errors. */
  call(body?: Buffer, headers?: IncomingHttpHeaders): ClientHttp2Stream;
  readonly session: ClientHttp2Session;
  close(): Promise<void>;
}

export async function openRawDoor(
  serve: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Promise<RawDoor> {
  const server = createServer();
  server.on('stream', serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const session = connect(`http://${address}`);
  return {
    address,
    session,
    call(body = framed(Buffer.from('question')), headers = {}) {
      const stream = session.request({
        ...{ ':method': 'POST', ':path': '/a/B', 'content-type': 'application/grpc' },
        ...headers,
      });
      stream.on('error', () => {});
      stream.end(body);
      return stream;
    },
    async close() {
      session.close();
      await new Promise((closed) => server.close(closed));
    },
  };
}
