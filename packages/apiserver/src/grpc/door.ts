/** The gRPC door's listener: limits, keepalive, health, reflection, and a close that waits for nobody for ever. */
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { Server, type ServerOptions, type ServiceDefinition, status } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { ApiError, type Clock, type Logger } from '@skiff/api';
import { services } from '@skiff/api/wire';
import { packageDefinition } from '@skiff/api/wire/server';
import { HealthImplementation } from 'grpc-health-check';
import type { Authenticate } from '../chain/authenticate.ts';
import { createOpenCalls } from '../chain/open-calls.ts';
import { adapt, type Handler } from './adapt.ts';
import { refuseUnnamedCompression } from './compression.ts';
import { type GrpcTls, serverCredentials } from './credentials.ts';
import { guardSideServices } from './guard.ts';
import { createKeepalive, type Keepalive } from './keepalive.ts';
import type { OneRequestParts, Serve } from './one-request.ts';
import { serveStream } from './server-stream.ts';
import { boundedTimeout, durationMs } from './timeout.ts';
import { serveUnary } from './unary.ts';

export interface GrpcDoorParts {
  readonly tls: GrpcTls;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly authenticate: Authenticate;
  readonly resources: Readonly<Record<string, Handler>>;
  readonly pods: Readonly<Record<string, Handler>>;
  readonly nodes: Readonly<Record<string, Handler>>;
}

export interface GrpcDoor {
  /** Binds `host:port`; answers the bound port. */
  listen(address: string): Promise<number>;
  /** Tells health watchers, ends streams, waits for calls until the deadline, then cuts. */
  close(deadlineMs: number): Promise<void>;
}

/** A list page in one message may be large; a request is an object or a patch (the REST door's 3 MiB) or a frame of a stream. */
const maxReceiveBytes = 4 * 1024 * 1024;

const options: ServerOptions = {
  'grpc.max_receive_message_length': maxReceiveBytes,
  'grpc.max_send_message_length': -1,
  'grpc.max_concurrent_streams': 1000,
  'grpc.max_metadata_size': 64 * 1024,
  // Books of every call that nobody reads.
  'grpc.enable_channelz': 0,
  // Megabytes for each connection: without it a slow peer costs memory without end.
  'grpc-node.max_session_memory': 64,
};

const healthNames = ['', 'skiff.v1.Resources', 'skiff.v1.Pods', 'skiff.v1.Nodes'];

export function createGrpcDoor(parts: GrpcDoorParts): GrpcDoor {
  const closing = new AbortController();
  const server = new Server({
    ...options,
    interceptors: [refuseUnnamedCompression, guardSideServices(parts.authenticate)],
  });
  const { clock, logger } = parts;
  const served = { clock, logger, calls: createOpenCalls(closing.signal), maxReceiveBytes };
  const methods = new Map<string, Serve>();
  takeStreams(server, methods);
  takeSessions(server, createKeepalive(clock));
  const add = (service: ServiceDefinition, handlers: Readonly<Record<string, Handler>>): void => {
    server.addService(service, adapt(service, handlers, served));
    for (const [path, serve] of servedHere(service, handlers, served)) methods.set(path, serve);
  };
  add(services.Resources, parts.resources);
  add(services.Pods, parts.pods);
  add(services.Nodes, parts.nodes);
  const health = new HealthImplementation(Object.fromEntries(healthNames.map((name) => [name, 'SERVING'])));
  health.addToServer(server);
  new ReflectionService(packageDefinition).addToServer(server);
  const credentials = serverCredentials(parts.tls);

  return {
    listen: (address) =>
      new Promise((resolve, reject) => {
        server.bindAsync(address, credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
      }),
    async close(deadlineMs) {
      for (const name of healthNames) health.setStatus(name, 'NOT_SERVING');
      closing.abort(new ApiError('ServiceUnavailable', 'the server is shutting down', { retryAfterSeconds: 1 }));
      const force = parts.clock.after(deadlineMs, () => server.forceShutdown());
      // tryShutdown waits for every session, also for idle ones: the deadline cuts those.
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      force.cancel();
    },
  };
}

/** The methods of a service that grpc-js never sees, by their paths. */
function servedHere(
  service: ServiceDefinition,
  handlers: Readonly<Record<string, Handler>>,
  parts: OneRequestParts,
): readonly (readonly [string, Serve])[] {
  return Object.entries(handlers).flatMap(([name, handler]): (readonly [string, Serve])[] => {
    const definition = service[name];
    if (definition === undefined || handler.type === 'stream') return [];
    if (handler.type === 'bytes') {
      const method = { name, definition, run: handler.run };
      return [
        [definition.path, (stream, headers, timeoutMs) => serveStream(method, stream, headers, timeoutMs, parts)],
      ];
    }
    const method = { name, definition, run: handler.run, inPieces: handler.type === 'pieces' };
    return [[definition.path, (stream, headers, timeoutMs) => serveUnary(method, stream, headers, timeoutMs, parts)]];
  });
}

/** What grpc-js keeps to itself. */
interface InnerServer {
  /** Called with each new stream, before grpc-js reads its headers. */
  _streamHandler(interceptors: unknown, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void;
  /** Makes what is called with each new connection. */
  _sessionHandler(http2Server: unknown): (session: ServerHttp2Session) => void;
}

/** Tells of each new connection. Call before the server is bound. */
function takeSessions(server: Server, keepalive: Keepalive): void {
  const inner = server as unknown as InnerServer;
  if (typeof inner._sessionHandler !== 'function') throw new Error('grpc-js takes its sessions elsewhere than it did');
  const handlerOf = inner._sessionHandler.bind(server);
  inner._sessionHandler = (http2Server) => {
    const handle = handlerOf(http2Server);
    return (session) => {
      handle(session);
      keepalive.add(session);
    };
  };
}

/**
 * Takes each new stream before grpc-js does. Serves the methods it knows; answers INVALID_ARGUMENT to a `grpc-timeout` that is none, and bounds
 * one that is too long. Call before the server is bound.
 */
function takeStreams(server: Server, methods: ReadonlyMap<string, Serve>): void {
  const inner = server as unknown as InnerServer;
  if (typeof inner._streamHandler !== 'function') throw new Error('grpc-js takes its streams elsewhere than it did');
  const handle = inner._streamHandler.bind(server);
  inner._streamHandler = (interceptors, stream, headers) => {
    const serve = methods.get(headers[':path'] ?? '');
    const sent = headers['grpc-timeout'];
    const timeout = sent === undefined ? undefined : boundedTimeout(String(sent));
    if (sent !== undefined && timeout === undefined) refuseTimeout(stream);
    else if (serve !== undefined) serve(stream, headers, timeout === undefined ? undefined : durationMs(timeout));
    else handle(interceptors, stream, timeout === undefined ? headers : { ...headers, 'grpc-timeout': timeout });
  };
}

function refuseTimeout(stream: ServerHttp2Stream): void {
  stream.on('error', () => {});
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': String(status.INVALID_ARGUMENT),
      'grpc-message': 'malformed grpc-timeout',
    },
    { endStream: true },
  );
  stream.resume();
}
