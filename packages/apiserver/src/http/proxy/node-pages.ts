/**
 * The `proxy` subresource of nodes. A node listens on no port, so there is nothing to connect to: what a kubelet would answer on its
 * read-only pages is asked of the agent over its link, which has proved to be that node. Whatever runs something is not there.
 */
import { type ApiError, badRequest, type Clock, notFound } from '@skiff/api';
import type { Links } from '../../link/link.ts';
import type { NodeStream } from '../../link/node-stream.ts';
import type { PodStreams } from '../../link/pod-streams.ts';
import { textAt } from '../../patch/values.ts';
import type { Registry, RequestContext } from '../../registry/contract.ts';
import { charsOf, listTexts, pathNotFound, pieces } from '../encode.ts';
import { type Exchange, send } from '../exchange.ts';
import { methodNotAllowed } from '../handler.ts';
import { type ResourceRequest, safeSegments } from '../request-info.ts';
import { respond, respondPieces, startAnswer } from '../respond.ts';
import { serveLog } from '../streams/log.ts';
import { addressNotAllowed, parseProxyId } from './id.ts';
import { readObject } from './places.ts';

export interface NodePageParts {
  readonly registry: Registry;
  readonly links: Links;
  readonly streams: PodStreams;
  readonly clock: Clock;
}

/** Where a kubelet would listen. */
const kubeletPort = '10250';

const prometheusText = 'text/plain; version=0.0.4; charset=utf-8';
/** Content types of what an agent is asked for by its path. */
const agentPages: ReadonlyMap<string, string> = new Map([
  ['metrics', prometheusText],
  ['metrics/cadvisor', prometheusText],
  ['metrics/probes', prometheusText],
  ['metrics/resource', prometheusText],
  ['configz', 'application/json'],
  ['runningpods', 'application/json'],
]);

/** Throws ApiError. */
export async function serveNodePage(
  parts: NodePageParts,
  exchange: Exchange,
  context: RequestContext,
  info: ResourceRequest,
): Promise<void> {
  const { name, port } = parseProxyId(info.target.name, 'node');
  if (port !== '' && port !== kubeletPort) throw addressNotAllowed();
  await readObject(parts.registry, context, 'nodes', '', name);
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') throw methodNotAllowed();
  const { proxyPath = '' } = info;
  const segments = safeSegments(proxyPath.replace(/\/$/, ''));
  if (segments === undefined) throw pathNotFound();
  const [page, ...rest] = segments;
  const path = segments.join('/');
  const contentType = agentPages.get(path);
  if (page === 'healthz' && rest.length === 0) {
    parts.links.of(name);
    respond(exchange, { code: 200, contentType: 'text/plain; charset=utf-8', body: 'ok' });
  } else if (contentType !== undefined)
    await relayPage(parts.links.of(name).open({ type: 'page', path }), exchange, context, contentType);
  else if (page === 'logs') {
    const isFolder = rest.length === 0 || proxyPath.endsWith('/');
    const stream = parts.links.of(name).open({ type: 'page', path: isFolder ? `${path}/` : path });
    await relayPage(stream, exchange, context, `text/${isFolder ? 'html' : 'plain'}; charset=utf-8`);
  } else if (path === 'stats/summary')
    await relayPage(parts.links.of(name).open({ type: 'stats' }), exchange, context, 'application/json');
  else if (page === 'pods' && rest.length === 0) await sendPods(parts, exchange, context, name);
  else if (page === 'containerLogs' && rest.length === 3) await sendLogs(parts, exchange, context, name, rest);
  else throw pathNotFound();
}

async function relayPage(
  stream: NodeStream,
  exchange: Exchange,
  context: RequestContext,
  contentType: string,
): Promise<void> {
  context.signal.addEventListener('abort', stream.cancel, { once: true });
  try {
    let started = false;
    for await (const { data } of stream.output()) {
      if (!started) startAnswer(exchange, 200, contentType);
      started = true;
      await send(exchange.response, data, context.signal);
    }
    if (!started) startAnswer(exchange, 200, contentType);
    exchange.response.end();
  } finally {
    context.signal.removeEventListener('abort', stream.cancel);
    stream.cancel();
  }
}

async function sendPods(
  { registry }: NodePageParts,
  exchange: Exchange,
  context: RequestContext,
  nodeName: string,
): Promise<void> {
  const target = { group: '', version: 'v1', resource: 'pods', namespace: '', name: '', subresource: '' };
  const list = await registry.list(context, target, {
    ...{ labelSelector: '', fieldSelector: `spec.nodeName=${nodeName}`, limit: 0, continue: '' },
    ...{ resourceVersion: '', resourceVersionMatch: '' },
  });
  const head = { contentType: 'application/json', chars: charsOf(list.items) };
  await respondPieces(exchange, head, pieces(listTexts(list, list.items)));
}

async function sendLogs(
  parts: NodePageParts,
  exchange: Exchange,
  context: RequestContext,
  nodeName: string,
  [namespace = '', name = '', container = '']: readonly string[],
): Promise<void> {
  const pod = await readObject(parts.registry, context, 'pods', namespace, name);
  // Rights on one node's pages say nothing about the pods of another.
  if (textAt(pod, 'spec', 'nodeName') !== nodeName) throw otherNode(name);
  if (exchange.query.has('container')) throw badRequest('the container stands in the path');
  const query = new URLSearchParams(exchange.query);
  query.set('container', container);
  await serveLog(parts, { ...exchange, query }, context, { namespace, name });
}

const otherNode = (name: string): ApiError => notFound({ group: '', resource: 'pods' }, name);
