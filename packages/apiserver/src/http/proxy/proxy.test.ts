import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type Conversation, linkAgent, linked } from '../../grpc/testing/agent.ts';
import { runningPod, setStatus } from '../../grpc/testing/pods.ts';
import { rawConnection } from '../streams/testing/raw.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';

const api = '/api/v1/namespaces/default';
let at: TestServer;
let far: Server;
let uid: string;
/** What the agent was asked to open. */
const opened: unknown[] = [];

/** The program in the pod: tells what it was asked. */
const program = createServer((request, response) => {
  const url = request.url ?? '';
  if (url.startsWith('/page')) {
    const html = '<a href="/next">';
    const zipped = url.endsWith('?gzip');
    response.writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      ...(zipped ? { 'Content-Encoding': 'gzip' } : {}),
    });
    response.end(zipped ? gzipSync(html) : html);
  } else if (url.startsWith('/odd')) response.writeHead(Number(url.slice(4)), { 'Content-Length': 0 }).end();
  else if (url === '/away') response.writeHead(302, { Location: '/there' }).end();
  else if (url === '/cut') {
    response.writeHead(200, { 'Content-Length': 100 });
    response.write('half');
    response.socket?.end();
  } else {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      const told = { method: request.method, url, headers: request.headers, bytes: body.length };
      response.writeHead(url === '/teapot' ? 418 : 200, { 'Content-Type': 'application/json', 'X-Foo': 'bar' });
      response.end(JSON.stringify(told));
    });
  }
});

async function serve(conversation: Conversation): Promise<void> {
  const { open } = conversation;
  opened.push(open);
  if (open.stats !== undefined) {
    await conversation.out('CHANNEL_STDOUT', '{"node":{"nodeName":"n"}}');
    return conversation.end();
  }
  if (open.page !== undefined) {
    if (open.page.path !== 'runningpods') await conversation.out('CHANNEL_STDOUT', `page ${open.page.path}`);
    return conversation.end();
  }
  if (open.logs !== undefined) {
    await conversation.out('CHANNEL_STDOUT', `log of ${open.logs.container}`);
    return conversation.end();
  }
  if (open.portForward?.port === 81) {
    const message = 'error forwarding port 81 to pod u1: dial tcp4 127.0.0.1:81: connect: connection refused';
    return conversation.end({ statusJson: JSON.stringify({ reason: 'InternalError', message }) });
  }
  const socket = connect((far.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  void (async () => {
    for await (const piece of conversation.input) socket.write(piece);
  })();
  void conversation.canceled.then(() => socket.destroy());
  try {
    for await (const data of socket) await conversation.out('CHANNEL_STDOUT', data as Buffer);
  } catch {
    // The server gave up.
  }
  conversation.end();
}

beforeAll(async () => {
  far = program.listen(0, '127.0.0.1');
  await once(far, 'listening');
  const sockets = new WebSocketServer({ noServer: true });
  far.on('upgrade', (request, socket, head) => {
    if (request.url === '/refuse') socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    else sockets.handleUpgrade(request, socket, head, (one) => one.on('message', (data) => one.send(`echo ${data}`)));
  });
  at = await startTestServer();
  await at.create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
  linkAgent(at, await at.issue('system:node:n', ['system:nodes']), 'n', serve);
  await linked(at, 'n');
  uid = await runningPod(at, 'p', 'n');
  await setStatus(at, 'p', { podIP: '10.1.0.5', podIPs: [{ ip: '10.1.0.5' }] });
  await at.create(`${api}/services`, {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' } },
    spec: { ports: [{ name: 'main', port: 80, targetPort: 8080 }] },
  });
  await at.create(`${api}/endpoints`, endpoints('s', [{ ip: '10.1.0.5', targetRef: ref('p') }]));
});
afterAll(async () => {
  await at.close();
  far.close();
});

const ref = (name: string, namespace = 'default') => ({ kind: 'Pod', namespace, name });
const endpoints = (name: string, addresses: object[]) => ({
  ...{ apiVersion: 'v1', kind: 'Endpoints', metadata: { name } },
  subsets: [{ addresses, ports: [{ name: 'main', port: 8080 }] }] as never,
});
const told = async (path: string, options: Parameters<TestServer['request']>[1] = {}) =>
  JSON.parse((await at.request(`${api}/${path}`, options)).text);

describe('a request to a pod', () => {
  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'C199 C200 %s arrives, body and all',
    async (method) => {
      const body = ['GET', 'OPTIONS', 'DELETE'].includes(method) ? '' : 'x'.repeat(700_000);
      const path = `/a%20b/../c//d?e=f%2Fg&method=${method}`;
      for (const name of ['pods/p:8080', 'services/s:main', 'services/s:80', 'services/http:s:main'])
        expect(await told(`${name}/proxy${path}`, { method, body })).toMatchObject({
          method,
          url: path,
          bytes: body.length,
        });
      expect(opened.at(-1)).toMatchObject({ portForward: { podUid: uid, port: 8080 } });
    },
  );

  it('HEAD is answered without a body', async () => {
    const { status, text, headers } = await at.request(`${api}/pods/p/proxy/x`, { method: 'HEAD' });
    expect([status, text, headers['x-foo']]).toEqual([200, '', 'bar']);
  });

  it('carries who it is for, and no credential', async () => {
    const headers = { Authorization: 'Bearer x', 'Impersonate-User': 'jane', 'Impersonate-Group': 'system:masters' };
    const seen = (await told('pods/p/proxy/x', { headers })).headers;
    expect(seen).toMatchObject({
      'x-forwarded-uri': `${api}/pods/p/proxy/x`,
      'x-forwarded-for': expect.stringMatching(/127/),
    });
    expect(Object.keys(seen).filter((name) => /authorization|impersonate/.test(name))).toEqual([]);
  });

  it('over HTTP/2 as well', async () => {
    for (const method of ['POST', 'PUT']) {
      const { status, text } = await at.request2(`${api}/pods/p/proxy/x`, { method, body: 'four' });
      expect([status, JSON.parse(text)]).toMatchObject([200, { method, bytes: 4 }]);
    }
  });

  it('is answered with what the pod answers', async () => {
    expect((await at.request(`${api}/pods/p/proxy/teapot`)).status).toBe(418);
  });

  it('of a status that HTTP does not know is not handed on', async () => {
    const message = (code: number) => `error trying to reach service: malformed HTTP status code "${code}"`;
    for (const code of [600, 999])
      for (const request of [at.request, at.request2]) {
        const { status, text } = await request(`${api}/pods/p/proxy/odd${code}`);
        expect([status, JSON.parse(text)]).toMatchObject([503, { kind: 'Status', message: message(code) }]);
      }
  });

  it('without a slash is sent to where relative links work', async () => {
    const { status, headers } = await at.request(`${api}/pods/p/proxy?a=b`, { method: 'PUT' });
    expect([status, headers.location]).toEqual([301, `${api}/pods/p/proxy/?a=b`]);
  });

  it('keeps redirects and links inside', async () => {
    expect((await at.request(`${api}/pods/p/proxy/away`)).headers.location).toBe(`${api}/pods/p/proxy/there`);
    for (const path of ['page', 'page?gzip'])
      expect((await at.request(`${api}/pods/p/proxy/${path}`)).text).toBe(`<a href="${api}/pods/p/proxy/next">`);
  });

  it.each([
    ['pods/p:81/proxy/', 503, 'error trying to reach service: dial tcp 10.1.0.5:81: connect: connection refused'],
    ['pods/https:p:81/proxy/', 503, 'error trying to reach service: dial tcp 10.1.0.5:81: connect: connection refused'],
    ['pods/p:name/proxy/', 503, 'error trying to reach service: dial tcp: lookup tcp/name: unknown port'],
    ['pods/ftp:p:1/proxy/', 400, 'invalid pod request "ftp:p:1"'],
    ['pods/none/proxy/', 404, 'pods "none" not found'],
    ['services/s:81/proxy/', 503, 'no service port 81 found for service "s"'],
    ['services/s:other/proxy/', 503, 'no endpoints available for service "s"'],
    ['services/none/proxy/', 404, 'endpoints "none" not found'],
  ])('%s: %i', async (path, code, message) =>
    expect(await told(path)).toMatchObject({ kind: 'Status', code, message }),
  );

  it('that breaks off in the middle is cut, and the server lives', async () => {
    await expect(at.request(`${api}/pods/p/proxy/cut`)).rejects.toThrow();
    expect((await at.request(`${api}/pods/p/proxy/x`)).status).toBe(200);
  });

  it('needs the verb of its method', async () => {
    await at.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'proxy-getter' } },
      rules: [{ apiGroups: [''], resources: ['pods/proxy'], verbs: ['get', 'patch'] }],
    });
    await at.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'proxy-getter' } },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'proxy-getter' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
    });
    const jane = await at.issue('jane');
    const ask = async (method: string, what = 'pods/p') =>
      (await at.request(`${api}/${what}/proxy/x`, { method, as: jane })).status;
    await expect.poll(() => ask('GET')).toBe(200);
    const asked = ['HEAD', 'PATCH', 'POST', 'PUT', 'DELETE', 'OPTIONS'].map((method) => ask(method));
    expect(await Promise.all(asked)).toEqual([200, 200, 403, 403, 403, 403]);
    expect(await ask('GET', 'services/s')).toBe(403);
  });
});

describe('H-197 H-199 addresses', () => {
  it.each(['127.0.0.1', '169.254.169.254', '::1'])('a pod that says it is at %s is not asked', async (ip) => {
    await runningPod(at, 'liar', 'n').catch(() => {});
    await setStatus(at, 'liar', { podIP: ip, podIPs: [{ ip }] });
    const before = opened.length;
    expect(await told('pods/liar/proxy/')).toMatchObject({ code: 400, message: 'address not allowed' });
    expect(opened).toHaveLength(before);
  });

  it('an endpoint that is no pod of the namespace, at an address of its own, is not gone to', async () => {
    const addresses = [
      { ip: '10.0.0.1' },
      { ip: '10.1.0.5', targetRef: ref('p', 'other') },
      { ip: '1.1.1.1', targetRef: ref('p') },
    ];
    await at.create(`${api}/services`, {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'fake' } },
      spec: { ports: [{ name: 'main', port: 80 }] },
    });
    await at.create(`${api}/endpoints`, endpoints('fake', addresses));
    expect(await told('services/fake:main/proxy/')).toMatchObject({ code: 503 });
  });
});

describe('an upgrade', () => {
  const options = () => ({
    ca: at.ca.certificatePem,
    cert: at.admin.certificatePem,
    key: at.admin.keyPem,
    servername: 'localhost',
  });

  it('goes through to the pod', async () => {
    const socket = new WebSocket(`wss://127.0.0.1:${at.restPort}${api}/services/s:main/proxy/ws`, options());
    await once(socket, 'open');
    socket.send('one');
    expect(String((await once(socket, 'message'))[0])).toBe('echo one');
    socket.close();
    await once(socket, 'close');
  });

  it('that the pod refuses leaves no way for a second request', async () => {
    const raw = await rawConnection(at);
    const before = opened.length;
    const head = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    raw.socket.write(`GET ${api}/pods/p/proxy/refuse HTTP/1.1\r\n${head}GET /second HTTP/1.1\r\n${head}`);
    await raw.closed;
    expect(raw.received().toString()).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n(.+\r\n)+\r\nno$/);
    expect(opened).toHaveLength(before + 1);
  });
});

describe('the pages of a node', () => {
  const page = (path: string, method = 'GET') => at.request(`/api/v1/nodes/${path}`, { method });

  it('are asked over its link', async () => {
    expect((await page('n/proxy/healthz')).text).toBe('ok');
    expect(JSON.parse((await page('n:10250/proxy/stats/summary')).text)).toEqual({ node: { nodeName: 'n' } });
    expect((await page('https:n:10250/proxy/containerLogs/default/p/c?tailLines=1')).text).toBe('log of c');
    expect(JSON.parse((await page('n/proxy/pods')).text).items).toHaveLength(2);
  });

  it.each([
    ['metrics', 'text/plain; version=0.0.4; charset=utf-8', 'page metrics'],
    ['metrics/cadvisor', 'text/plain; version=0.0.4; charset=utf-8', 'page metrics/cadvisor'],
    ['metrics/probes', 'text/plain; version=0.0.4; charset=utf-8', 'page metrics/probes'],
    ['metrics/resource', 'text/plain; version=0.0.4; charset=utf-8', 'page metrics/resource'],
    ['configz', 'application/json', 'page configz'],
    ['logs', 'text/html; charset=utf-8', 'page logs/'],
    ['logs/apt/', 'text/html; charset=utf-8', 'page logs/apt/'],
    ['logs/apt/a%20b', 'text/plain; charset=utf-8', 'page logs/apt/a b'],
    ['runningpods/', 'application/json', ''],
  ])('%s is asked of the agent, as %s', async (path, contentType, text) => {
    const answer = await page(`n/proxy/${path}`);
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([200, contentType, text]);
  });

  it('H-198 H-201 are all there is', async () => {
    const asked = [
      'n:22/proxy/',
      'n/proxy/exec/default/p/c',
      'n/proxy/run/default/p/c',
      'n/proxy/containerLogs/default/p',
      'm/proxy/healthz',
      'n/proxy/metrics/other',
      'n/proxy/logs/%2e%2e/secret',
    ];
    const answers = await Promise.all(asked.map((path) => page(path)));
    expect(answers.map(({ status }) => status)).toEqual([400, 404, 404, 404, 404, 404, 404]);
    expect((await page('n/proxy/healthz', 'POST')).status).toBe(405);
  });

  it('H-246 are open to nobody without rights on them, however often they ask, and nothing of it reaches the agent', async () => {
    const jane = await at.issue('jane');
    const before = opened.length;
    for (const [as, code] of [
      [undefined, 401],
      [jane, 403],
    ] as const)
      for (const path of ['metrics/cadvisor', 'stats/summary', 'logs/', 'configz', 'healthz', 'pods']) {
        const ask = () => at.request(`/api/v1/nodes/n/proxy/${path}`, { as });
        expect(new Set((await Promise.all(Array.from({ length: 20 }, ask))).map(({ status }) => status))).toEqual(
          new Set([code]),
        );
      }
    expect(opened).toHaveLength(before);
  });
});
