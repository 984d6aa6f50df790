/**
 * Requests that take the socket over: WebSocket and SPDY on `exec`, `attach`, `portforward` and `proxy`. Everything that can be refused is
 * refused before the 101, as a Status, and the socket is closed then: a second request on it must never reach anything.
 */
import type { Duplex } from 'node:stream';
import { ApiError, badRequest, type Logger, toApiError } from '@skiff/api';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Chain } from '../../chain/chain.ts';
import { requestTimeoutMs } from '../../chain/chain.ts';
import type { PodName, PodStreams } from '../../link/pod-streams.ts';
import type { RequestContext, Target } from '../../registry/contract.ts';
import type { Upgrade } from '../door.ts';
import { pathNotFound } from '../encode.ts';
import { attributesOf, streamSubresources } from '../handler.ts';
import type { PlaceParts } from '../proxy/places.ts';
import { serveProxyUpgrade } from '../proxy/upgrade.ts';
import { routing } from '../query.ts';
import { requestInfo } from '../request-info.ts';
import { type ChannelProtocol, channelProtocols } from './channels.ts';
import { serveForward } from './forward.ts';
import { execOptions, forwardPorts } from './options.ts';
import { openSpdy, type SpdyConnection } from './spdy-connection.ts';
import { serveSpdyExec } from './spdy-exec.ts';
import { serveWebSocketExec } from './websocket-exec.ts';
import { serveWebSocketForward } from './websocket-forward.ts';
import { tunnel } from './websocket-tunnel.ts';

export interface UpgradeParts {
  readonly chain: Chain;
  readonly streams: PodStreams;
  readonly proxy: PlaceParts;
  readonly logger: Logger;
  /** Hands upgrades on that another server answers; undefined for every other. */
  readonly elsewhere: (target: Target) => UpgradeElsewhere | undefined;
}

export type UpgradeElsewhere = (upgrade: Upgrade, context: RequestContext, onAccepted: () => void) => Promise<void>;

/** Frames larger than this close the socket: clients send 32 KiB at most. */
const maxPayload = 4 * 1024 * 1024;

/** Bytes of answers that wait for a client that sends pings and reads nothing. */
const maxUnreadPongs = 1024 * 1024;

const forwardProtocol = 'portforward.k8s.io';
const tunnelProtocol = `SPDY/3.1+${forwardProtocol}`;
/** Client libraries' way, which names its ports in the URL. */
const channelForwardProtocol = 'v4.channel.k8s.io';
const spdyExecProtocols = ['v4.channel.k8s.io'];

/** Makes the handler of upgrades. It never throws. */
export function createUpgrade(parts: UpgradeParts): (upgrade: Upgrade) => Promise<void> {
  return async (upgrade) => {
    try {
      await admit(parts, upgrade);
    } catch (error) {
      if (toApiError(error).reason === 'InternalError')
        parts.logger.error({ err: error, path: upgrade.path.slice(0, 1024) }, 'an upgrade failed');
      refuse(upgrade, toApiError(error));
    }
  };
}

async function admit(parts: UpgradeParts, upgrade: Upgrade): Promise<void> {
  const info = requestInfo(upgrade.request.method ?? '', upgrade.path, routing(upgrade.query));
  if (info.type !== 'resource') throw pathNotFound();
  const isProxy = info.proxyPath !== undefined;
  const elsewhere = parts.elsewhere(info.target);
  const isKnown = isProxy || elsewhere !== undefined || streamSubresources.has(info.target.subresource);
  if (!isKnown) throw pathNotFound();
  const call = {
    credentials: upgrade.identity.credentials,
    impersonation: upgrade.identity.impersonation(),
    attributes: attributesOf(info),
    longRunning: true,
    timeoutMs: requestTimeoutMs,
    userAgent: upgrade.request.headers['user-agent'] ?? '',
    signal: upgrade.signal,
    warn: () => {},
  };
  const pod: PodName = { namespace: info.target.namespace, name: info.target.name };
  await parts.chain(call, (context) => {
    if (elsewhere !== undefined) return elsewhere(upgrade, context, () => void accepted.add(upgrade.socket));
    if (isProxy) return serveProxyUpgrade(parts.proxy, upgrade, context, info, () => void accepted.add(upgrade.socket));
    if (info.target.subresource === 'portforward') return forward(parts, upgrade, context, pod);
    return command(parts, upgrade, context, pod, info.target.subresource === 'exec' ? 'exec' : 'attach');
  });
}

const isWebSocket = (upgrade: Upgrade): boolean => upgrade.request.headers.upgrade?.toLowerCase() === 'websocket';

async function command(
  parts: UpgradeParts,
  upgrade: Upgrade,
  context: RequestContext,
  pod: PodName,
  type: 'exec' | 'attach',
): Promise<void> {
  const options = execOptions(upgrade.query, type);
  const overWebSocket = isWebSocket(upgrade);
  const protocol = overWebSocket
    ? agree(webSocketOffers(upgrade), channelProtocols)
    : agree(spdyOffers(upgrade), spdyExecProtocols);
  const stream = await parts.streams[type](context, pod, options);
  context.signal.addEventListener('abort', stream.cancel, { once: true });
  try {
    if (overWebSocket) {
      const socket = await acceptWebSocket(upgrade, protocol);
      await serveWebSocketExec(socket, stream, protocol as ChannelProtocol);
    } else await serveSpdyExec(acceptSpdy(upgrade, protocol), stream, options);
  } finally {
    context.signal.removeEventListener('abort', stream.cancel);
    stream.cancel();
  }
}

async function forward(parts: UpgradeParts, upgrade: Upgrade, context: RequestContext, pod: PodName): Promise<void> {
  const overWebSocket = isWebSocket(upgrade);
  const protocol = overWebSocket
    ? agree(webSocketOffers(upgrade), [tunnelProtocol, channelForwardProtocol])
    : agree(spdyOffers(upgrade), [forwardProtocol]);
  const ports = protocol === channelForwardProtocol ? forwardPorts(upgrade.query) : [];
  const open = await parts.streams.portForward(context, pod, ports);
  if (protocol === channelForwardProtocol)
    return serveWebSocketForward(await acceptWebSocket(upgrade, protocol), ports, open);
  const connection = overWebSocket
    ? openSpdy(tunnel(await acceptWebSocket(upgrade, protocol)))
    : acceptSpdy(upgrade, protocol);
  await serveForward(connection, open, context.signal);
}

const list = (value: string | string[] | undefined): string[] =>
  (Array.isArray(value) ? value.join(',') : (value ?? ''))
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');

const webSocketOffers = (upgrade: Upgrade): string[] => list(upgrade.request.headers['sec-websocket-protocol']);
const spdyOffers = (upgrade: Upgrade): string[] => list(upgrade.request.headers['x-stream-protocol-version']);

/** The first protocol of ours that the client offers. Throws ApiError BadRequest when there is none. */
function agree(offered: readonly string[], supported: readonly string[]): string {
  const chosen = supported.find((one) => offered.includes(one));
  if (chosen === undefined)
    throw badRequest(
      `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ').slice(0, 256)}], server accepts [${supported.join(' ')}]`,
    );
  return chosen;
}

function acceptWebSocket(upgrade: Upgrade, protocol: string): Promise<WebSocket> {
  // The library takes tokens alone, and the tunnel's name holds a slash. The protocol is agreed on by now.
  upgrade.request.headers['sec-websocket-protocol'] = 'agreed';
  const server = new WebSocketServer({
    noServer: true,
    handleProtocols: () => protocol,
    maxPayload,
    perMessageDeflate: false,
  });
  return new Promise((resolve, reject) => {
    const failed = (): void => reject(new ApiError('BadRequest', 'the WebSocket handshake failed'));
    upgrade.socket.once('close', failed);
    server.handleUpgrade(upgrade.request, upgrade.socket, upgrade.head, (socket) => {
      upgrade.socket.off('close', failed);
      accepted.add(upgrade.socket);
      // Bad frames close the socket by themselves.
      socket.on('error', () => {});
      socket.on('ping', () => {
        if (socket.bufferedAmount > maxUnreadPongs) socket.terminate();
      });
      upgrade.signal.addEventListener('abort', () => socket.close(1001), { once: true });
      resolve(socket);
    });
  });
}

function acceptSpdy(upgrade: Upgrade, protocol: string): SpdyConnection {
  const { socket, head } = upgrade;
  accepted.add(socket);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  );
  if (head.length > 0) socket.unshift(head);
  return openSpdy(socket);
}

/** Sockets whose request got its 101: what happens then can only be told by cutting them. */
const accepted = new WeakSet<Duplex>();

/** A Status over the bare socket, which is closed after it. */
function refuse(upgrade: Upgrade, error: ApiError): void {
  const { socket } = upgrade;
  if (accepted.has(socket) || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(error.status);
  const head = [
    `HTTP/1.1 ${error.status.code} ${error.reason}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
