/** The REST door's listeners: TLS, HTTP/2 and HTTP/1.1 on one port, limits, upgrades, and a close that waits for nobody for ever. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { ApiError, type Clock, type Logger } from '@skiff/api';
import { createOpenCalls } from '../chain/open-calls.ts';
import { boundControlFrames } from './control-frames.ts';
import { certificateReader, credentialsOf, impersonationOf } from './credentials.ts';
import type { Exchange, Outgoing } from './exchange.ts';
import { type Handler, type Identity, maxHeaderBytes, streamSubresources } from './handler.ts';
import { parseQuery } from './query.ts';
import { pathOf, requestInfo } from './request-info.ts';

/** PEM texts. `clientCa` is only what is announced to clients: who they are is the chain's question. */
export interface TlsMaterial {
  readonly certificate: string;
  readonly key: string;
  readonly clientCa: string;
}

/** Takes over a socket whose request asked for WebSocket or SPDY on a stream subresource. */
export type UpgradeHandler = (upgrade: Upgrade) => Promise<void>;

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly rawQuery: string;
  readonly identity: Identity;
  readonly signal: AbortSignal;
}

export interface DoorParts {
  readonly tls: TlsMaterial;
  readonly handler: Handler;
  readonly upgrade: UpgradeHandler;
  /** True for paths that another server answers: what it may upgrade to is its own affair. */
  readonly isElsewhere: (path: string) => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a handshake, or the head of a request, may take. */
  readonly headersTimeoutMs: number;
}

export interface RestDoor {
  /** Binds; answers the bound port. */
  listen(host: string, port: number): Promise<number>;
  /** Stops accepting, ends watches and streams, waits for the rest until the deadline, then cuts. */
  close(deadlineMs: number): Promise<void>;
}

const maxConcurrentStreams = 100;
/** A handshake or a head that takes longer is no client's: kube-apiserver's own limit. */
export const defaultHeadersTimeoutMs = 32_000;
/** A connection without a request is kept this long, as kube-apiserver does. */
export const idleConnectionMs = 90_000;
/** Silence after which TCP asks whether the other side is still there. */
const keepAliveMs = 30_000;

/** Why streams ended: the client should try another server, or this one later. */
const shuttingDown = (): ApiError =>
  new ApiError('ServiceUnavailable', 'the server is shutting down', { retryAfterSeconds: 1 });

/** Why work stopped when nobody waits for it any more. */
class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

export function createRestDoor(parts: DoorParts): RestDoor {
  const closing = new AbortController();
  const calls = createOpenCalls(closing.signal);
  const readCertificate = certificateReader();
  const servers: Http2SecureServer[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const sockets = new Set<TLSSocket>();

  const identityOf = (request: IncomingMessage | Http2ServerRequest): Identity => {
    const connection =
      request instanceof Http2ServerRequest ? (request.stream.session ?? request.stream) : request.socket;
    const certificate = readCertificate(connection, request.socket as TLSSocket);
    return {
      credentials: credentialsOf(request.headers, certificate),
      impersonation: () => impersonationOf(request.rawHeaders),
      headerFields: request.rawHeaders.length / 2,
      headerBytes: bytesOf(request.rawHeaders),
    };
  };

  const onRequest = (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ): void => {
    const gone = calls.open();
    const { path, query } = pathOf(request.url ?? '/');
    const outgoing: Outgoing = response;
    outgoing.on('error', () => {});
    outgoing.once('close', () => {
      calls.close(gone);
      if (!outgoing.writableFinished) gone.abort(new ClientGone('the client closed the request'));
    });
    if (request instanceof Http2ServerRequest) endUpload(request.stream, parts);
    const exchange: Exchange = {
      method: request.method ?? 'GET',
      path,
      query: parseQuery(query),
      rawQuery: query,
      headers: request.headers,
      rawHeaders: request.rawHeaders,
      remoteAddress: request.socket.remoteAddress ?? '',
      httpVersionMajor: request.httpVersionMajor,
      body: request,
      response: outgoing,
      signal: gone.signal,
      warnings: [],
      endConnection: () => {
        if (request instanceof Http2ServerRequest) request.stream.session?.close();
        else outgoing.setHeader('connection', 'close');
      },
    };
    void parts.handler(exchange, identityOf(request));
  };

  const isRemoteUpgrade = (request: IncomingMessage): boolean =>
    request.headers.upgrade !== undefined && parts.isElsewhere(pathOf(request.url ?? '/').path);

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const gone = calls.open();
    socket.on('error', () => {});
    socket.once('close', () => {
      calls.close(gone);
      gone.abort(new ClientGone('the client closed the connection'));
    });
    const { path, query } = pathOf(request.url ?? '/');
    const identity = identityOf(request);
    const upgrade = {
      request,
      socket,
      head,
      path,
      query: parseQuery(query),
      rawQuery: query,
      identity,
      signal: gone.signal,
    };
    void parts.upgrade(upgrade);
  };

  const make = (): Http2SecureServer => {
    const server = createSecureServer(
      {
        allowHTTP1: true,
        cert: parts.tls.certificate,
        key: parts.tls.key,
        ca: parts.tls.clientCa,
        requestCert: true,
        rejectUnauthorized: false,
        minVersion: 'TLSv1.2',
        maxHeaderListPairs: maxHeaderFieldsOnWire,
        settings: { maxConcurrentStreams, maxHeaderListSize: maxHeaderBytesOnWire, maxFrameSize },
        handshakeTimeout: parts.headersTimeoutMs,
        ...http1Options(parts.headersTimeoutMs),
      },
      onRequest,
    );
    // Node puts its own in place of one among the options.
    Object.assign(server, {
      shouldUpgradeCallback: (request: IncomingMessage) => isStreamUpgrade(request) || isRemoteUpgrade(request),
    });
    server.on('upgrade', onUpgrade);
    server.on('session', (session) => {
      sessions.add(session);
      closeWhenIdle(session, parts.clock);
      boundControlFrames(session, parts.clock);
      session.on('error', () => {});
      session.once('close', () => sessions.delete(session));
    });
    server.on('secureConnection', (socket) => {
      sockets.add(socket);
      // A client whose machine vanished says nothing: without this its watches and streams would stay.
      socket.setKeepAlive(true, keepAliveMs);
      // Nobody sets it for HTTP/1.1 here, and a terminal would wait for delayed acknowledgements.
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.once('close', () => sockets.delete(socket));
    });
    server.on('tlsClientError', () => {});
    return server;
  };

  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        const server = make();
        servers.push(server);
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          server.on('error', (error) => parts.logger.error({ err: error }, 'the REST listener failed'));
          resolve((server.address() as AddressInfo).port);
        });
      }),
    async close(deadlineMs) {
      const closed = Promise.all(servers.map((server) => new Promise<void>((done) => server.close(() => done()))));
      closing.abort(shuttingDown());
      for (const session of sessions) session.close();
      const timer = parts.clock.after(deadlineMs, () => {
        for (const socket of sockets) socket.destroy();
      });
      await closed;
      timer.cancel();
    },
  };
}

/** What Node takes for HTTP/1.1 on the same port, and its types do not know. Bodies are bounded by the chain's deadline. */
const http1Options = (headersTimeoutMs: number) => ({
  maxHeaderSize: maxHeaderBytes,
  headersTimeout: headersTimeoutMs,
  connectionsCheckingInterval: Math.ceil(headersTimeoutMs / 3),
  keepAliveTimeout: idleConnectionMs,
  requestTimeout: 0,
});

/** A client that goes on sending a body that nobody wants any more would hold its stream for ever. */
function endUpload(stream: ServerHttp2Stream, { clock, headersTimeoutMs }: DoorParts): void {
  if (stream.endAfterHeaders) return;
  stream.once('finish', () => {
    if (stream.readableEnded || stream.closed) return;
    stream.resume();
    const timer = clock.after(headersTimeoutMs, () => stream.close());
    stream.once('close', () => timer.cancel());
  });
}

/** Ends an HTTP/2 connection that has had no request for a while, however many bytes of a head it still sends. */
function closeWhenIdle(session: ServerHttp2Session, clock: Clock): void {
  let open = 0;
  const start = () => clock.after(idleConnectionMs, () => session.destroy());
  let timer = start();
  session.on('stream', (stream) => {
    if (open++ === 0) timer.cancel();
    stream.once('close', () => {
      if (--open === 0 && !session.destroyed) timer = start();
    });
  });
  session.once('close', () => timer.cancel());
}

/** Above the limits that the handler answers with a 431, so that it can. */
const maxHeaderFieldsOnWire = 2000;
const maxHeaderBytesOnWire = 2 * maxHeaderBytes;
/** A head may have nine frames, which is nghttp2's limit: at HTTP/2's usual 16 KiB a frame they would hold no more than 144 KiB. */
const maxFrameSize = 256 * 1024;

/** As HTTP/2 counts what a head holds: 32 bytes a field beside its name and its value (RFC 9113, section 6.5.2). */
function bytesOf(rawHeaders: readonly string[]): number {
  let bytes = rawHeaders.length * 16;
  for (const text of rawHeaders) bytes += text.length;
  return bytes;
}

/** Only a WebSocket or SPDY upgrade of a stream, or of what is behind a proxy, takes the socket away from HTTP; every other Upgrade header is ignored, as RFC 9110 allows. */
export function isStreamUpgrade(request: IncomingMessage): boolean {
  const protocol = (request.headers.upgrade ?? '').toLowerCase();
  if (protocol !== 'websocket' && protocol !== 'spdy/3.1') return false;
  const info = requestInfo(request.method ?? '', pathOf(request.url ?? '/').path, { isWatch: false, nameSelector: '' });
  if (info.type !== 'resource') return false;
  const { resource, subresource } = info.target;
  return info.proxyPath !== undefined || (resource === 'pods' && streamSubresources.has(subresource));
}
