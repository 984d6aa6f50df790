/** One HTTP/1.1 request over a connection of its own into a pod, as both ways through the proxy make it. */
import { type ClientRequest, request as httpRequest } from 'node:http';
import { connect as tlsConnect } from 'node:tls';
import { duplexOf } from '../../link/duplex.ts';
import { type Forwarded, requestHeaders } from './headers.ts';
import type { Place } from './places.ts';

export interface ProxyCall {
  readonly method: string;
  /** Path and query for the far side. */
  readonly path: string;
  readonly rawHeaders: readonly string[];
  /** What the client calls this server. */
  readonly authority: string;
  readonly forwarded: Forwarded;
  readonly signal: AbortSignal;
  /** Headers of the proxy's own, set last. */
  readonly extra: readonly (readonly [string, string])[];
}

const maxHeaderSize = 1024 * 1024;

/** Nothing is sent until the caller writes or ends it. A certificate is not verified: a pod proves itself by its place, as for apiserver's proxy. */
export function openCall(place: Place, call: ProxyCall): ClientRequest {
  const plain = duplexOf(place.connect());
  const socket = place.secure
    ? tlsConnect({ socket: plain, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
    : plain;
  // A failed connection shows at the request.
  plain.on('error', (error) => socket.destroy(error));
  const headers = [...requestHeaders(call.rawHeaders, call.authority, call.forwarded), ...call.extra];
  return httpRequest({
    method: call.method,
    path: call.path,
    headers: headers.flat(),
    // No agent: with one, Node would dial the host it is told, or its own loopback, and not use this.
    createConnection: () => socket,
    setHost: false,
    signal: call.signal,
    maxHeaderSize,
    // Lines that end in a bare LF, as scripts write them, are as good as for Go's client. Each connection carries one answer only.
    insecureHTTPParser: true,
  });
}

/** A path that Node's client takes: it refuses what cannot stand in a request line, and so does this. */
export const hasOddCharacter = (path: string): boolean => /[^\x21-\x7e]/.test(path);
