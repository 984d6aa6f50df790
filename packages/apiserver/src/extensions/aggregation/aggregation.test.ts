/** A server behind this one, as clients of this one see it. */

import type { IncomingMessage } from 'node:http';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTestServer, type TestServer } from '../../http/testing/server.ts';
import { specSchema, version, widgets } from '../testing.ts';
import { type FarServer, reaches, startFar } from './testing.ts';

let server: TestServer;
let far: FarServer;
let isUp = true;
let openApi: object;

const resources = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: 'far.io/v1',
  resources: [
    { name: 'stars', singularName: 'star', namespaced: false, kind: 'Star', verbs: ['get', 'list', 'create'] },
  ],
};

const document = {
  swagger: '2.0',
  paths: {
    '/apis/far.io/v1/stars': { get: { responses: { 200: { schema: { $ref: '#/definitions/io.far.Star' } } } } },
  },
  definitions: {
    'io.far.Star': {
      description: 'A far star.',
      type: 'object',
      'x-kubernetes-group-version-kind': [{ group: 'far.io', version: 'v1', kind: 'Star' }],
    },
  },
};

/** Has it looked at anew. */
const poke = (label: string) =>
  server.request('/apis/apiregistration.k8s.io/v1/apiservices/v1.far.io', {
    ...{ method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' } },
    body: JSON.stringify({ metadata: { labels: { poke: label } } }),
  });

beforeAll(async () => {
  openApi = document;
  server = await startTestServer();
  far = await startFar((request, path, json) => {
    if (!isUp) json(500, {});
    else if (path === '/apis/far.io/v1') json(200, resources);
    else if (path === '/openapi/v3/apis/far.io/v1') json(200, { openapi: '3.0.0', far: true });
    else if (path === '/openapi/v2') json(200, openApi);
    else if (path.endsWith('/odd')) json(600, {});
    else if (request.method === 'POST') {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => json(201, { echoed: Buffer.concat(parts).toString() }));
    } else json(200, { kind: 'StarList', apiVersion: 'far.io/v1', metadata: {}, items: [] });
  });
  far.server.on('upgrade', (_request: IncomingMessage, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.on('data', (data: Buffer) => socket.write(`echo ${data.toString()}`));
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
  });
  await far.register(server, 'far.io');
}, 60_000);

afterAll(async () => {
  await server.close();
  await far.close();
});

describe('a server behind this one', () => {
  test('gets requests with who asks, and without their credentials', async () => {
    const reply = await server.request('/apis/far.io/v1/stars?limit=5', {
      headers: { 'x-remote-user': 'evil', accept: 'application/json' },
    });
    expect(JSON.parse(reply.text)).toMatchObject({ kind: 'StarList' });
    const last = far.seen.at(-1);
    expect(last?.url).toBe('/apis/far.io/v1/stars?limit=5');
    expect(last?.headers).toMatchObject({ 'x-remote-user': 'admin', accept: 'application/json' });
    expect(last?.headers['x-remote-group']).toContain('system:masters');
    expect(last?.headers.authorization).toBeUndefined();
    expect((last?.socket as TLSSocket | undefined)?.getPeerCertificate().subject.CN).toBe('front-proxy-client');
  });

  test('gets bodies', async () => {
    const reply = await server.create('/apis/far.io/v1/stars', { a: 1 });
    expect(reply.status).toBe(201);
    expect(JSON.parse(reply.text)).toEqual({ echoed: '{"a":1}' });
  });

  test('answers with a status that HTTP knows, or is unavailable', async () => {
    for (const request of [server.request, server.request2]) {
      const reply = await request('/apis/far.io/v1/stars/odd');
      expect([reply.status, JSON.parse(reply.text).message]).toEqual([
        503,
        'error trying to reach service: malformed HTTP status code "600"',
      ]);
    }
  });

  test('is part of discovery and OpenAPI', async () => {
    const groups = JSON.parse((await server.request('/apis')).text) as { groups: { name: string }[] };
    expect(groups.groups.map((group) => group.name)).toContain('far.io');
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const all = (await server.request('/apis', { headers: { accept } })).text;
    expect(all).toContain('"resource":"stars"');
    expect(JSON.parse((await server.request('/openapi/v3')).text).paths['apis/far.io/v1']).toBeDefined();
    expect(JSON.parse((await server.request('/openapi/v3/apis/far.io/v1')).text)).toMatchObject({ far: true });
    const { definitions, paths } = JSON.parse((await server.request('/openapi/v2')).text);
    expect(definitions['io.far.Star']).toEqual(document.definitions['io.far.Star']);
    expect(paths).toHaveProperty(['/apis/far.io/v1/stars']);
    expect(definitions).toHaveProperty(['io.k8s.api.core.v1.Pod']);
    const protobuf = { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' };
    expect((await server.request('/openapi/v2', { headers: protobuf })).text).toContain('A far star.');
  });

  test('that no Service leads to is unavailable, and says why', async () => {
    const entry = (name: string, service: string) =>
      server.create('/apis/apiregistration.k8s.io/v1/apiservices', {
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name: `v1.${name}` },
        spec: {
          ...{ group: name, version: 'v1', service: { namespace: 'default', name: service, port: 443 } },
          ...{ insecureSkipTLSVerify: true, groupPriorityMinimum: 1000, versionPriority: 15 },
        },
      });
    await entry('gone.io', 'gone');
    await reaches(server, 'v1.gone.io', 'False', 'ServiceNotFound');
    await server.create('/api/v1/namespaces/default/services', {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'empty' } },
      spec: { ports: [{ port: 443 }] },
    });
    await entry('empty.io', 'empty');
    await reaches(server, 'v1.empty.io', 'False', 'EndpointsNotFound');
    expect((await server.request('/apis/empty.io/v1/stars')).status).toBe(503);
  });

  test('may switch protocols', async () => {
    const socket = tlsConnect({
      ...{ host: '127.0.0.1', port: server.restPort, servername: 'localhost', ca: server.ca.certificatePem },
      ...{ cert: server.admin.certificatePem, key: server.admin.keyPem, ALPNProtocols: ['http/1.1'] },
    });
    let text = '';
    socket.on('data', (data: Buffer) => {
      text += data.toString();
    });
    socket.write(
      'GET /apis/far.io/v1/stars/a/connect HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    await vi.waitFor(() => expect(text).toContain('101 Switching Protocols'), 30_000);
    socket.write('hello');
    await vi.waitFor(() => expect(text).toContain('echo hello'), 30_000);
    socket.destroy();
  });

  test('is not asked by those who may not', async () => {
    const nobody = await server.issue('nobody');
    expect((await server.request('/apis/far.io/v1/stars', { as: nobody })).status).toBe(403);
  });

  test('that describes itself at too great a length is available, and not described here', async () => {
    openApi = { ...document, info: { description: 'x'.repeat(8 * 1024 * 1024) } };
    await poke('long');
    await vi.waitFor(
      async () => expect((await server.request('/openapi/v2')).text).not.toContain('A far star.'),
      30_000,
    );
    await reaches(server, 'v1.far.io', 'True', 'Passed');
    expect((await server.request('/apis/far.io/v1/stars')).status).toBe(200);
  });

  test('that does not answer is unavailable, and its clients are told so', async () => {
    isUp = false;
    await poke('down');
    await reaches(server, 'v1.far.io', 'False', 'FailedDiscoveryCheck');
    const reply = await server.request('/apis/far.io/v1/stars');
    expect(reply.status).toBe(503);
    expect(JSON.parse(reply.text)).toMatchObject({ message: 'service unavailable', reason: 'ServiceUnavailable' });
  });
});

describe('group versions of this server', () => {
  test('have entries of their own, those of custom kinds as long as these are there', async () => {
    await reaches(server, 'v1.apps', 'True', 'Local');
    await server.create(
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      widgets({ versions: [version(specSchema({}))] }),
    );
    await reaches(server, 'v1.x.io', 'True', 'Local');
    await server.request('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.x.io', { method: 'DELETE' });
    await vi.waitFor(
      async () =>
        expect((await server.request('/apis/apiregistration.k8s.io/v1/apiservices/v1.x.io')).status).toBe(404),
      30_000,
    );
  });

  test('the authorities that servers behind this one trust are published', async () => {
    const reply = await server.request('/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication');
    expect(JSON.parse(reply.text).data).toMatchObject({
      'client-ca-file': server.ca.certificatePem,
      'requestheader-allowed-names': '["front-proxy-client"]',
      'requestheader-client-ca-file': expect.stringContaining('BEGIN CERTIFICATE'),
      'requestheader-username-headers': '["X-Remote-User"]',
    });
  });
});
