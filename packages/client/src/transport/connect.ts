/** A client of one or several API servers. */
import { Metadata } from '@grpc/grpc-js';
import type { ApiObject, Clock, Logger, Random } from '@skiff/api';
import {
  type ExecInput,
  type ExecOpen,
  type ExecOutput,
  type JoinRequest,
  type JoinResponse,
  type LinkDown,
  type LinkUp,
  type LogChunk,
  type LogsRequest,
  type PortForwardInput,
  type PortForwardOutput,
  type RenewRequest,
  services,
} from '@skiff/api/wire';
import type { Client, ResourceOf, WatchOptions } from '../contract.ts';
import { type CallContext, type Duplex, duplex, serverStream, unary } from './calls.ts';
import { type Dial, FailoverChannel } from './channel.ts';
import { discover, type ServedKind } from './discover.ts';
import { resourceClient } from './resources.ts';
import { dialling, type TlsIdentity } from './server-identity.ts';
import { readTable, type Table, type TableEvent, type TableQuery, watchTable } from './tables.ts';

export interface ConnectOptions {
  /** `host:port` of gRPC doors; the first that answers is used. */
  readonly endpoints: readonly string[];
  /** PEM texts. Without `cert` and `key` the client is who its token says, or anonymous. */
  readonly tls: TlsIdentity;
  /** Bearer token. */
  readonly token?: string;
  /** `name/version` of the program; the name is the field manager of its writes. Absent: the gRPC library's own. */
  readonly userAgent?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What streams to and from pods. */
export interface PodStreams {
  logs(
    request: Partial<LogsRequest> & { readonly namespace: string; readonly pod: string },
    signal?: AbortSignal,
  ): AsyncIterable<Buffer>;
  exec(open: ExecOpen, signal?: AbortSignal): Duplex<ExecInput, ExecOutput>;
  attach(open: ExecOpen, signal?: AbortSignal): Duplex<ExecInput, ExecOutput>;
  portForward(signal?: AbortSignal): Duplex<PortForwardInput, PortForwardOutput>;
}

/** What an agent asks of the control plane besides objects. */
export interface NodeCalls {
  join(request: JoinRequest): Promise<JoinResponse>;
  renew(request: RenewRequest): Promise<JoinResponse>;
  link(signal: AbortSignal): Duplex<LinkUp, LinkDown>;
}

export interface SkiffClient extends Client {
  readonly pods: PodStreams;
  readonly nodes: NodeCalls;
  /** The client is who this certificate says, for calls that start from now on. PEM texts. */
  useCertificate(certificate: { readonly cert: string; readonly key: string }): void;
  /** A collection, or the one object named, as `kubectl get` prints it. */
  table(resource: ResourceOf<ApiObject>, query: TableQuery): Promise<Table>;
  /** Changes of a collection, each as a table of one row. As `watch`, without bookmarks. */
  watchTable(resource: ResourceOf<ApiObject>, options: WatchOptions): AsyncIterable<TableEvent>;
  /** Every kind that is served, built-in, custom or aggregated, in the server's order of preference. */
  discover(): Promise<readonly ServedKind[]>;
}

const timeoutMs = 30_000;

/** Dials at once and in the background; calls made before a connection stands wait for it, up to their deadline. */
export function connect(options: ConnectOptions): SkiffClient {
  const metadata = new Metadata();
  if (options.token !== undefined) metadata.set('authorization', `Bearer ${options.token}`);
  let dial: Dial = (endpoint) => dialling(endpoint, options.tls);
  const open = (): CallContext => ({
    channel: new FailoverChannel({ ...options, dial }),
    metadata,
    clock: options.clock,
  });
  const control = open();
  let bulkContext: CallContext | undefined;
  // Logs, exec and the like get a connection of their own: their bytes must not hold up control calls.
  const bulk = (): CallContext => {
    bulkContext ??= open();
    return bulkContext;
  };

  return {
    resource: (resource) => resourceClient(control, resource),
    table: (resource, query) => readTable(control, resource, query),
    watchTable: (resource, options) => watchTable(control, resource, options),
    discover: () => discover(control),
    pods: {
      async *logs(request, signal) {
        for await (const { data } of serverStream<LogChunk>(bulk(), services.Pods, 'Logs', request, signal)) yield data;
      },
      exec: (request, signal) =>
        opened(duplex<ExecInput, ExecOutput>(bulk(), services.Pods, 'Exec', signal), { open: request }),
      attach: (request, signal) =>
        opened(duplex<ExecInput, ExecOutput>(bulk(), services.Pods, 'Attach', signal), { open: request }),
      portForward: (signal) => duplex(bulk(), services.Pods, 'PortForward', signal),
    },
    nodes: {
      join: (request) => unary(control, services.Nodes, 'Join', request, { timeoutMs }),
      renew: (request) => unary(control, services.Nodes, 'Renew', request, { timeoutMs }),
      link: (signal) => duplex(bulk(), services.Nodes, 'Link', signal),
    },
    useCertificate(certificate) {
      dial = (endpoint) => dialling(endpoint, { ca: options.tls.ca, ...certificate });
      control.channel.dialLike(dial);
      bulkContext?.channel.dialLike(dial);
    },
    close() {
      control.channel.close();
      bulkContext?.channel.close();
    },
  };
}

/** The first message of an exec stream says what to run. A failure to send it shows on the output. */
function opened<In, Out>(stream: Duplex<In, Out>, first: In): Duplex<In, Out> {
  stream.write(first).catch(() => undefined);
  return stream;
}
