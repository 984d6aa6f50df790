/** The `proxy` subresource over plain requests: any method, any path, streamed both ways. */
import type { IncomingMessage } from 'node:http';
import { Http2ServerRequest } from 'node:http2';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createInflate } from 'node:zlib';
import { badRequest } from '@skiff/api';
import { textAt } from '../../patch/values.ts';
import type { Registry, RequestContext } from '../../registry/contract.ts';
import type { Exchange } from '../exchange.ts';
import type { ResourceRequest } from '../request-info.ts';
import { hasOddCharacter, openCall } from './call.ts';
import { answerHeaders } from './headers.ts';
import { createHtmlRewriter, rewriteUrl } from './html.ts';
import { parseProxyId } from './id.ts';
import { type NodePageParts, serveNodePage } from './node-pages.ts';
import { type Place, type PlaceParts, podPlace, servicePlace, unreachable } from './places.ts';
import { answerStatus } from './status.ts';

export interface ProxyParts extends PlaceParts, NodePageParts {}

/** Throws ApiError while nothing has been sent; a fault after that cuts the answer. */
export async function serveProxy(
  parts: ProxyParts,
  exchange: Exchange,
  context: RequestContext,
  info: ResourceRequest,
): Promise<void> {
  const path = await admittedPath(parts.registry, context, info);
  if (info.target.resource === 'nodes') return serveNodePage(parts, exchange, context, { ...info, proxyPath: path });
  const place = await placeOf(parts, context, info);
  if (path === '') {
    redirectInside(exchange);
    return;
  }
  await relay(place, exchange, context, path);
}

/** The path inside, as admission leaves it. Throws ApiError. */
export async function admittedPath(
  registry: Registry,
  context: RequestContext,
  info: ResourceRequest,
): Promise<string> {
  const { proxyPath = '' } = info;
  return textAt(await registry.connect(context, info.target, proxyPath === '' ? {} : { path: proxyPath }), 'path');
}

/** Throws ApiError. */
export function placeOf(parts: PlaceParts, context: RequestContext, { target }: ResourceRequest): Promise<Place> {
  const isPod = target.resource === 'pods';
  const id = parseProxyId(target.name, isPod ? 'pod' : 'service');
  return (isPod ? podPlace : servicePlace)(parts, context, target.namespace, id);
}

/** Relative links of the page would lead beside it. */
function redirectInside(exchange: Exchange): void {
  const { response } = exchange;
  response.statusCode = 301;
  response.setHeader('location', `${exchange.path}/${exchange.rawQuery === '' ? '' : `?${exchange.rawQuery}`}`);
  response.setHeader('content-length', 0);
  response.end();
}

const withQuery = (path: string, query: string): string => (query === '' ? path : `${path}?${query}`);

export const authorityOf = (headers: Exchange['headers']): string =>
  String(headers[':authority'] ?? headers.host ?? 'localhost');

/** What a request over the proxy asks of the far side. Throws ApiError BadRequest for a path that cannot stand in a request. */
export function farPath(path: string, query: string): string {
  const whole = withQuery(path, query);
  if (hasOddCharacter(whole)) throw badRequest('the path holds a character that must be escaped');
  return whole;
}

async function relay(place: Place, exchange: Exchange, context: RequestContext, path: string): Promise<void> {
  const { signal } = context;
  const authority = authorityOf(exchange.headers);
  const call = {
    method: exchange.method,
    path: farPath(path, exchange.rawQuery),
    ...{ rawHeaders: exchange.rawHeaders, authority, signal, extra: framing(exchange) },
    forwarded: { from: exchange.remoteAddress, uri: exchange.path },
  };
  const answer = await ask(place, exchange, call);
  const prefix = exchange.path.slice(0, exchange.path.length - path.length);
  await send(exchange, answer, (url) => rewriteUrl(url, prefix, authority), signal);
}

/** A body of unknown length is sent in chunks, and a request without one gets none. */
function framing({ headers, body }: Exchange): readonly (readonly [string, string])[] {
  const ofHttp2 = body instanceof Http2ServerRequest && !body.stream.endAfterHeaders;
  const isChunked = headers['transfer-encoding'] !== undefined || ofHttp2;
  return isChunked && headers['content-length'] === undefined ? [['Transfer-Encoding', 'chunked']] : [];
}

function ask(place: Place, exchange: Exchange, call: Parameters<typeof openCall>[1]): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(call.signal.aborted ? call.signal.reason : unreachable(error, place));
    try {
      const request = openCall(place, call);
      request.once('error', fail);
      request.once('response', (answer) => {
        request.on('error', (error) => answer.destroy(error));
        resolve(answer);
      });
      // The far side may answer before it has read everything: then the rest is of no interest.
      pipeline(exchange.body, request).catch(() => {});
    } catch (error) {
      fail(error);
    }
  });
}

async function send(
  exchange: Exchange,
  answer: IncomingMessage,
  rewrite: (url: string) => string,
  signal: AbortSignal,
): Promise<void> {
  const { response } = exchange;
  const status = answerStatus(answer);
  const headers = new Map(answerHeaders(answer.rawHeaders));
  const location = headers.get('location')?.[0];
  if (location !== undefined) headers.set('location', [rewrite(location)]);
  const decoders = location === undefined ? htmlDecoders(headers) : undefined;
  const rewrites = decoders !== undefined && exchange.method !== 'HEAD';
  if (rewrites) for (const name of ['content-length', 'content-encoding']) headers.delete(name);
  response.statusCode = status;
  for (const [name, values] of headers) response.setHeader(name, values.length === 1 ? (values[0] ?? '') : values);
  response.flushHeaders?.();
  if (rewrites) await pipeline([answer, ...decoders, rewriting(rewrite), response], { signal });
  else await pipeline(answer, response, { signal });
}

/** Transforms that make readable text of an HTML page; undefined for what is no HTML, or not to be read. */
function htmlDecoders(headers: ReadonlyMap<string, readonly string[]>): Transform[] | undefined {
  const type = headers.get('content-type')?.[0]?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'text/html') return undefined;
  switch (headers.get('content-encoding')?.[0] ?? '') {
    case '':
      return [];
    case 'gzip':
      return [createGunzip()];
    case 'deflate':
      return [createInflate()];
    default:
      return undefined;
  }
}

function rewriting(rewrite: (url: string) => string): Transform {
  const rewriter = createHtmlRewriter(rewrite);
  return new Transform({
    transform(data: Buffer, _encoding, done: TransformCallback) {
      done(null, Buffer.from(rewriter.push(data.toString('latin1')), 'latin1'));
    },
    flush(done: TransformCallback) {
      done(null, Buffer.from(rewriter.end(), 'latin1'));
    },
  });
}
