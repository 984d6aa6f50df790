/** TLS at the gRPC door: a client certificate is asked for and not demanded, since a bearer token will do as well. */
import type { X509Certificate } from 'node:crypto';
import type { Http2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';

export interface GrpcTls {
  readonly certificate: string;
  readonly key: string;
  readonly clientCa: string;
}

/** grpc-js knows only "demand" or "do not ask"; what it hands to Node's TLS server can say the third thing. */
export function serverCredentials(tls: GrpcTls): ServerCredentials {
  const pair = { cert_chain: Buffer.from(tls.certificate), private_key: Buffer.from(tls.key) };
  const credentials = ServerCredentials.createSsl(Buffer.from(tls.clientCa), [pair], true);
  const options = credentials._getConstructorOptions();
  if (options === null) throw new Error('grpc-js made credentials without TLS options');
  options.rejectUnauthorized = false;
  return credentials;
}

/** What each connection showed: reading it anew would cost every call more than the rest of its way in. */
const known = new WeakMap<object, { readonly certificate: X509Certificate | undefined }>();

/** The certificate the other side of a connection showed, if the handshake took it for one of our CA's. The same object at every call. */
export function certificateOfSession(session: Http2Session): X509Certificate | undefined {
  const seen = known.get(session);
  if (seen !== undefined) return seen.certificate;
  const socket = session.socket as TLSSocket;
  const certificate = socket.authorized ? (socket.getPeerX509Certificate() ?? undefined) : undefined;
  known.set(session, { certificate });
  return certificate;
}

/** The same for a call of grpc-js. */
export function certificateOf(call: object): X509Certificate | undefined {
  const session = sessionOf(call);
  return session === undefined ? undefined : certificateOfSession(session);
}

/** The HTTP/2 session under a call, which grpc-js keeps to itself behind its interceptors; undefined when it is not found there. */
function sessionOf(call: object): Http2Session | undefined {
  let inner: unknown = call;
  while (isRecord(inner)) {
    const { stream } = inner;
    if (isRecord(stream) && isRecord(stream.session)) return stream.session as unknown as Http2Session;
    inner = inner.call ?? inner.nextCall;
  }
  return undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
