/** TLS at the gRPC door: a client certificate is asked for and not demanded, since a bearer token will do as well. */
import { X509Certificate } from 'node:crypto';
import { ServerCredentials, type ServerUnaryCall } from '@grpc/grpc-js';

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

type Call = Pick<ServerUnaryCall<unknown, unknown>, 'getAuthContext'>;

/** What each connection showed: reading it anew would cost every call more than the rest of its way in. */
const known = new WeakMap<object, { readonly certificate: X509Certificate | undefined }>();

/** The certificate the caller showed, unverified. The same object for every call of a connection. */
export function certificateOf(call: Call): X509Certificate | undefined {
  const session = sessionOf(call);
  const seen = session === undefined ? undefined : known.get(session);
  if (seen !== undefined) return seen.certificate;
  const peer = call.getAuthContext().sslPeerCertificate;
  const certificate = peer?.raw === undefined ? undefined : new X509Certificate(peer.raw);
  if (session !== undefined) known.set(session, { certificate });
  return certificate;
}

/** The HTTP/2 session under a call, which grpc-js keeps to itself behind its interceptors; undefined when it is not found there. */
function sessionOf(call: object): object | undefined {
  let inner: unknown = call;
  while (isRecord(inner)) {
    const { stream } = inner;
    if (isRecord(stream) && isRecord(stream.session)) return stream.session;
    inner = inner.call ?? inner.nextCall;
  }
  return undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
