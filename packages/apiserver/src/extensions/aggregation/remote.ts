/** Requests to a server behind this one: as they came, without the caller's credentials, and with who the caller is. */

import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { ApiError } from '@skiff/api';
import type { Upgrade } from '../../http/door.ts';
import type { Exchange } from '../../http/exchange.ts';
import { answerHeaders, requestHeaders } from '../../http/proxy/headers.ts';
import { answerStatus } from '../../http/proxy/status.ts';
import type { RequestContext, UserInfo } from '../../registry/contract.ts';
import type { ResolveService } from '../webhook/resolve.ts';
import type { ApiService } from './api-service.ts';
import { type FrontProxy, remoteHeaders } from './front-proxy.ts';

export interface RemoteParts {
  readonly resolve: ResolveService;
  readonly proxy: () => FrontProxy;
}

interface RemoteCall {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly signal: AbortSignal;
}

export const unavailable = (): ApiError => new ApiError('ServiceUnavailable', 'service unavailable');

const agent = new Agent({ keepAlive: true, maxSockets: 200, maxFreeSockets: 10 });

/** Nothing is sent until the caller writes or ends it. Throws Error when nothing answers for the service. */
async function open(parts: RemoteParts, service: ApiService, call: RemoteCall): Promise<ClientRequest> {
  const { namespace = '', name = '', port = 443 } = service.spec?.service ?? {};
  const { host, port: at } = await parts.resolve({ namespace, name, port }, call.signal);
  const { caBundle = '', insecureSkipTLSVerify } = service.spec ?? {};
  const { client } = parts.proxy();
  return httpsRequest({
    ...{ agent, host, port: at, method: call.method, path: call.path, signal: call.signal },
    ...{ servername: `${name}.${namespace}.svc`, cert: client.certificatePem, key: client.keyPem },
    ...(insecureSkipTLSVerify === true ? { rejectUnauthorized: false } : {}),
    ...(caBundle === '' ? {} : { ca: Buffer.from(caBundle, 'base64') }),
    headers: call.headers.flat(),
    setHost: false,
  });
}

const authority = ({ spec }: ApiService): string => `${spec?.service?.name}.${spec?.service?.namespace}.svc`;

/** A request of this server's own. */
export interface OwnCall {
  readonly method: string;
  readonly path: string;
  readonly user: UserInfo;
  readonly signal: AbortSignal;
  readonly body?: string;
  readonly contentType?: string;
  readonly etag?: string;
}

/** Answers once the headers are there, whatever the status. Throws Error when nothing answers. */
export async function callRemote(parts: RemoteParts, service: ApiService, asked: OwnCall): Promise<IncomingMessage> {
  const { method, path, signal, body = '', contentType, etag } = asked;
  const headers = [
    ...([['Host', authority(service)], ['Accept', 'application/json'], ...remoteHeaders(asked.user)] as const),
    ...(contentType === undefined ? [] : [['Content-Type', contentType] as const]),
    ...(body === '' ? [] : [['Content-Length', String(Buffer.byteLength(body))] as const]),
    ...(etag === undefined ? [] : [['If-None-Match', etag] as const]),
  ];
  const call = await open(parts, service, { method, path, headers, signal });
  if (body !== '') call.write(body);
  return answerOf(call);
}

/** No list or object of a server behind this one is larger. */
const maxDocumentBytes = 32 * 1024 * 1024;

/** All of an answer. Throws Error when it is too large. */
export async function readWhole(answer: IncomingMessage, maxBytes = maxDocumentBytes): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of answer) {
    size += (piece as Buffer).length;
    if (size > maxBytes) {
      answer.destroy();
      throw new Error('the answer is too large');
    }
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function answerOf(call: ClientRequest, body = true): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    call.once('response', (answer) => {
      call.on('error', (error) => answer.destroy(error));
      resolve(answer);
    });
    call.once('error', reject);
    if (body) call.end();
  });
}

function callOf(
  service: ApiService,
  from: Pick<Exchange, 'method' | 'path' | 'rawQuery' | 'rawHeaders' | 'remoteAddress'>,
  context: RequestContext,
): RemoteCall {
  const query = from.rawQuery === '' ? '' : `?${from.rawQuery}`;
  const forwarded = { from: from.remoteAddress, uri: from.path };
  const headers = requestHeaders(from.rawHeaders, authority(service), forwarded);
  return {
    method: from.method,
    path: `${from.path}${query}`,
    headers: [...headers.filter(([name]) => name !== 'X-Forwarded-Uri'), ...remoteHeaders(context.user)],
    signal: context.signal,
  };
}

/** Hands a request on and its answer back, both as streams. Throws ApiError ServiceUnavailable while nothing was answered. */
export async function serveRemote(
  parts: RemoteParts,
  service: ApiService,
  exchange: Exchange,
  context: RequestContext,
): Promise<void> {
  let answer: IncomingMessage;
  try {
    const call = await open(parts, service, callOf(service, exchange, context));
    const sending = pipeline(exchange.body, call).catch((error: unknown) => void call.destroy(error as Error));
    answer = await answerOf(call, false);
    void sending;
  } catch (error) {
    context.signal.throwIfAborted();
    throw new ApiError('ServiceUnavailable', `error trying to reach service: ${(error as Error).message}`);
  }
  const { response } = exchange;
  response.statusCode = answerStatus(answer);
  for (const [name, values] of answerHeaders(answer.rawHeaders)) response.setHeader(name, values);
  response.flushHeaders?.();
  await pipeline(answer, response).catch(() => void response.destroy());
}

/** The same over an upgraded connection: once the far side switched, bytes go both ways as they come. */
export async function upgradeRemote(
  parts: RemoteParts,
  service: ApiService,
  upgrade: Upgrade,
  context: RequestContext,
  onAccepted: () => void,
): Promise<void> {
  const { request, socket } = upgrade;
  const from = {
    ...{ method: request.method ?? 'GET', path: upgrade.path, rawQuery: upgrade.rawQuery },
    ...{ rawHeaders: request.rawHeaders, remoteAddress: request.socket.remoteAddress ?? '' },
  };
  const plain = callOf(service, from, context);
  const protocol = request.headers.upgrade ?? '';
  const headers = [...plain.headers, ['Connection', 'Upgrade'], ['Upgrade', protocol]] as const;
  const call = await open(parts, service, { ...plain, headers }).catch(() => {
    throw unavailable();
  });
  const closed = Promise.withResolvers<void>();
  context.signal.addEventListener('abort', () => closed.resolve(), { once: true });
  socket.once('close', () => closed.resolve());
  call.once('upgrade', (answer, far, head) => {
    onAccepted();
    far.on('error', () => {});
    far.once('close', () => closed.resolve());
    socket.write(headOf(answer, ['connection: Upgrade', `upgrade: ${answer.headers.upgrade ?? protocol}`]));
    if (head.length > 0) socket.write(head);
    if (upgrade.head.length > 0) far.write(upgrade.head);
    socket.pipe(far).pipe(socket);
  });
  call.once('response', (answer) => {
    onAccepted();
    socket.write(headOf(answer, ['connection: close']));
    answer.pipe(socket);
    answer.once('error', () => socket.destroy());
  });
  call.once('error', () => closed.reject(unavailable()));
  call.end();
  try {
    await closed.promise;
  } finally {
    call.destroy();
  }
  socket.destroy();
}

function headOf(answer: IncomingMessage, connection: readonly string[]): string {
  const headers = [...answerHeaders(answer.rawHeaders)].flatMap(([name, values]) =>
    values.map((value) => `${name}: ${value}`),
  );
  const start = `HTTP/1.1 ${answer.statusCode ?? 502} ${answer.statusMessage ?? ''}`;
  return `${[start, ...headers, ...connection].join('\r\n')}\r\n\r\n`;
}
