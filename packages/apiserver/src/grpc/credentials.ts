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

/** The certificate the caller showed, unverified. */
export function certificateOf(call: Call): X509Certificate | undefined {
  const peer = call.getAuthContext().sslPeerCertificate;
  return peer?.raw === undefined ? undefined : new X509Certificate(peer.raw);
}
