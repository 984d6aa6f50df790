/** A group that is served elsewhere, as callers of gRPC see it. */
import { promisify } from 'node:util';
import type { ClientReadableStream } from '@grpc/grpc-js';
import { fromGrpcFailure, type ObjectList, type ObjectMessage, type WatchBatch } from '@skiff/api/wire';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clients } from '../../grpc/testing/clients.ts';
import { startTestServer, type TestServer } from '../../http/testing/server.ts';
import { type FarServer, startFar } from './testing.ts';

let server: TestServer;
let far: FarServer;

const star = (name: string) => ({ metadata: { name, resourceVersion: '7' } });
const resources = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: 'far.io/v1',
  resources: [
    {
      ...{ name: 'stars', singularName: 'star', namespaced: true, kind: 'Star' },
      verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'],
    },
    { name: 'odd', singularName: 'odd', namespaced: true, kind: 'Odd', verbs: ['watch'] },
  ],
};

/** What arrived last, beside checks. */
let last: { method: string; url: string; body: string; type: string | undefined } | undefined;

beforeAll(async () => {
  server = await startTestServer();
  far = await startFar((request, path, json, response) => {
    if (path === '/apis/far.io/v1') return json(200, resources);
    if (path.startsWith('/openapi')) return json(404, {});
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url = '' } = request;
      last = { method, url, body: Buffer.concat(parts).toString(), type: request.headers['content-type'] };
      if (path.endsWith('/gone')) {
        return json(404, {
          ...{ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 },
          ...{ message: 'stars.far.io "gone" not found', details: { name: 'gone', group: 'far.io', kind: 'stars' } },
        });
      }
      if (path.endsWith('/broken')) return void response.writeHead(502).end('<html>');
      if (url.includes('watch=true') && path.endsWith('/odd')) {
        response.writeHead(200, { 'content-type': 'application/json' });
        return void response.end(`${JSON.stringify({ type: 'ERROR', object: { code: 1e9, message: 'odd' } })}\n`);
      }
      if (url.includes('watch=true')) {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write(`${JSON.stringify({ type: 'ADDED', object: star('a') })}\n{"type":"MOD`);
        for (const character of `IFIED","object":${JSON.stringify(star('b'))}}\n`) response.write(character);
        return void response.end(
          `${JSON.stringify({ type: 'ERROR', object: { reason: 'Expired', code: 410, message: 'too old' } })}\n`,
        );
      }
      if (path.endsWith('/stars') && method !== 'POST') {
        const metadata = { resourceVersion: '9', continue: 'more', remainingItemCount: 3 };
        return json(200, { kind: 'StarList', apiVersion: 'far.io/v1', metadata, items: [star('a')] });
      }
      response.setHeader('warning', '299 - "be \\"careful\\""');
      json(method === 'POST' ? 201 : 200, { kind: 'Star', apiVersion: 'far.io/v1', ...star('a') });
    });
  });
  await far.register(server, 'far.io');
}, 60_000);
afterAll(async () => {
  await server.close();
  await far.close();
});

const target = (name = '') => ({
  ...{ group: 'far.io', version: 'v1', resource: 'stars', namespace: 'default', name, subresource: '' },
});
type Method = (request: object, done: (error: unknown, value?: unknown) => void) => unknown;

async function call<T>(method: string, request: object, as = server.admin): Promise<T> {
  const client = server.grpc<Record<string, Method>>(clients.Resources, as);
  const run = promisify((done: (error: unknown, value?: unknown) => void) =>
    client[method]?.call(client, request, done),
  );
  return run().catch((error: unknown) => {
    throw fromGrpcFailure(error);
  }) as Promise<T>;
}
const refusal = (made: Promise<unknown>) =>
  made.then(
    () => undefined,
    (error: { status?: unknown }) => error.status,
  );

describe('a gRPC caller', () => {
  test('reads', async () => {
    const one = await call<ObjectMessage>('Get', { target: target('a') });
    expect(JSON.parse(one.json ?? '')).toMatchObject({ kind: 'Star', metadata: { name: 'a' } });
    expect(one.warnings).toEqual(['be "careful"']);
    expect(last).toMatchObject({ method: 'GET', url: '/apis/far.io/v1/namespaces/default/stars/a' });
    const many = await call<ObjectList>('List', { target: target(), labelSelector: 'a=b,c', limit: '5' });
    expect(many).toMatchObject({ resourceVersion: '9', continue: 'more', remainingItemCount: '3' });
    expect(JSON.parse(many.items[0] ?? '')).toMatchObject({ kind: 'Star', apiVersion: 'far.io/v1' });
    expect(last?.url).toBe('/apis/far.io/v1/namespaces/default/stars?labelSelector=a%3Db%2Cc&limit=5');
    expect(far.seen.at(-1)?.headers).toMatchObject({ 'x-remote-user': 'admin' });
  });

  test('writes', async () => {
    const object = { json: JSON.stringify({ metadata: { name: 'a' } }) };
    await call('Create', { target: target(), object, options: { dryRun: true, fieldManager: 'm' } });
    expect(last).toMatchObject({ method: 'POST', body: object.json, type: 'application/json' });
    expect(new URLSearchParams(last?.url.split('?')[1]).get('dryRun')).toBe('All');
    await call('Update', { target: target('a'), object });
    expect(last).toMatchObject({ method: 'PUT', body: object.json });
    await call('Patch', { target: target('a'), type: 'PATCH_TYPE_MERGE', patch: '{"a":1}' });
    expect(last).toMatchObject({ method: 'PATCH', body: '{"a":1}', type: 'application/merge-patch+json' });
    await call('Delete', { target: target('a'), options: { preconditions: { uid: 'u' } } });
    expect(last).toMatchObject({ method: 'DELETE', url: '/apis/far.io/v1/namespaces/default/stars/a' });
    await call('DeleteCollection', { target: target(), labelSelector: 'a=b' });
    expect(last).toMatchObject({
      method: 'DELETE',
      url: '/apis/far.io/v1/namespaces/default/stars?labelSelector=a%3Db',
    });
  });

  test('watches, and is told why a watch is over', async () => {
    const client = server.grpc<{ Watch(request: object): ClientReadableStream<WatchBatch> }>(
      clients.Resources,
      server.admin,
    );
    const events: string[] = [];
    const stream = client.Watch({ target: target() });
    stream.on('data', ({ events: batch }: WatchBatch) => {
      for (const { type, json } of batch) events.push(`${type} ${JSON.parse(json).metadata.name}`);
    });
    const ended = new Promise((_, reject) => stream.once('error', (error) => reject(fromGrpcFailure(error))));
    expect(await refusal(ended)).toMatchObject({ code: 410, reason: 'Expired', message: 'too old' });
    expect(events).toEqual(['EVENT_TYPE_ADDED a', 'EVENT_TYPE_MODIFIED b']);
    const odd = client.Watch({ target: { ...target(), resource: 'odd' } });
    odd.on('data', () => {});
    const oddly = new Promise((_, reject) => odd.once('error', (error) => reject(fromGrpcFailure(error))));
    expect(await refusal(oddly)).toMatchObject({ code: 500, reason: 'InternalError', message: 'odd' });
  });

  test('is refused in the words of the far side, or in ours when it has none', async () => {
    expect(await refusal(call('Get', { target: target('gone') }))).toMatchObject({
      ...{ code: 404, reason: 'NotFound', message: 'stars.far.io "gone" not found', details: { name: 'gone' } },
    });
    expect(await refusal(call('Get', { target: target('broken') }))).toMatchObject({ code: 502 });
    expect(await refusal(call('Get', { target: { ...target('a'), resource: 'moons' } }))).toMatchObject({ code: 404 });
    const nobody = await server.issue('nobody');
    expect(await refusal(call('Get', { target: target('a') }, nobody))).toMatchObject({ code: 403 });
  });
});
