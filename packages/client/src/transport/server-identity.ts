/**
 * How a server proves who it is. TLS forbids an IP address as server name (RFC 6066 section 3) and Node throws on one, while
 * grpc-js sends the host of its target whatever it is. So a server that is dialled by address is sent a name that means
 * nothing, and its certificate is still held against the address.
 */
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';

export interface TlsIdentity {
  /** PEM of the authority that signs servers' certificates. */
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface Dialling {
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
}

const namelessServer = 'skiff';

/** `endpoint` is `host:port`, an IPv6 host in brackets. */
export function dialling(endpoint: string, { ca, cert, key }: TlsIdentity): Dialling {
  const host = hostOf(endpoint);
  const pem = [toBuffer(ca), toBuffer(key), toBuffer(cert)] as const;
  if (isIP(host) === 0) return { credentials: ChannelCredentials.createSsl(...pem), options: {} };
  return {
    credentials: ChannelCredentials.createSsl(...pem, {
      checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
    }),
    options: { 'grpc.ssl_target_name_override': namelessServer },
  };
}

const toBuffer = (text: string | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text));

const hostOf = (endpoint: string): string => endpoint.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
