/** Probes against real servers on loopback. */
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttp2, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer as createTcp, type Server } from 'node:net';
import { createStepClock, settle } from '@skiff/client/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { container } from '../pods/testing/facts.ts';
import { FakeRuntime } from '../runtime/fake/runtime.ts';
import { ask, type Handler, toPort } from './handler.ts';

const clock = createStepClock();
const runtime = new FakeRuntime(clock);
runtime.addImage('busybox:1.36');

async function listen(server: Pick<Server, 'listen' | 'close' | 'address'>): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const probe = (handler: Handler, signal = new AbortController().signal) => {
  const app = container('app', { ports: [{ name: 'http', containerPort: 8080 }] });
  return ask(handler, { containerId: 'x', container: app, ip: '127.0.0.1', runtime }, signal);
};

/** A port that nobody listens on any more. */
async function closedPort(): Promise<number> {
  const server = createTcp();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('httpGet', () => {
  const serve = (answer: RequestListener): Promise<number> => listen(createHttp(answer));
  test.each([
    [200, true],
    [204, true],
    [304, true],
    [399, true],
    [400, false],
    [404, false],
    [503, false],
  ])('status %i: well is %s', async (code, ok) => {
    const port = await serve((_, response) => response.writeHead(code).end());
    const answer = await probe({ httpGet: { port } });
    expect(answer.ok).toBe(ok);
    if (!ok) expect(answer.output).toBe(`HTTP probe failed with statuscode: ${code}`);
  });
  test('says who asks, with the probe’s own headers', async () => {
    const seen: { url?: string | undefined; headers: object }[] = [];
    const port = await serve(({ url, headers }, response) => {
      seen.push({ url, headers });
      response.end('fine');
    });
    const httpHeaders = [
      { name: 'Host', value: 'example.org' },
      { name: 'X-Own', value: 'a' },
      { name: 'x-own', value: 'b' },
      { name: 'Accept', value: '' },
    ];
    expect(await probe({ httpGet: { port, path: '/a?b=c', httpHeaders } })).toEqual({ ok: true, output: 'fine' });
    expect(seen[0]?.url).toBe('/a?b=c');
    expect(seen[0]?.headers).toMatchObject({ host: 'example.org', 'x-own': 'a, b', 'user-agent': 'kube-probe/1.32' });
    expect(seen[0]?.headers).not.toHaveProperty('accept');
    await probe({ httpGet: { port, path: 'no/slash' } });
    await probe({ httpGet: { port, path: '//other.example/x' } });
    expect(seen.slice(1).map(({ url }) => url)).toEqual(['/no/slash', '//other.example/x']);
  });
  test('follows redirects on the same host, and takes one elsewhere as an answer', async () => {
    const port = await serve(({ url }, response) => {
      if (url === '/') response.writeHead(302, { location: '/next' }).end();
      else if (url === '/away') response.writeHead(302, { location: 'http://other.example/' }).end();
      else response.writeHead(500).end();
    });
    expect((await probe({ httpGet: { port } })).output).toBe('HTTP probe failed with statuscode: 500');
    expect((await probe({ httpGet: { port, path: '/away' } })).ok).toBe(true);
  });
  test('gives up after ten redirects', async () => {
    let asked = 0;
    const port = await serve((_, response) => {
      asked += 1;
      response.writeHead(307, { location: '/' }).end();
    });
    const answer = await probe({ httpGet: { port } });
    expect(answer).toEqual({ ok: false, output: `Get "http://127.0.0.1:${port}/": stopped after 10 redirects` });
    expect(asked).toBe(10);
  });
  test('reads no more than 10 KiB of an answer without end', async () => {
    const port = await serve((_, response) => {
      response.on('drain', () => response.write(Buffer.alloc(65_536, 'x')));
      response.write(Buffer.alloc(65_536, 'x'));
    });
    expect((await probe({ httpGet: { port } })).output).toHaveLength(10_240);
  });
  test('nobody there', async () => {
    const port = await closedPort();
    const output = `Get "http://127.0.0.1:${port}/": dial tcp 127.0.0.1:${port}: connect: connection refused`;
    expect(await probe({ httpGet: { port } })).toEqual({ ok: false, output });
  });
  test('gives up when told to', async () => {
    const port = await serve(() => undefined);
    await expect(probe({ httpGet: { port } }, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    const late = new AbortController();
    const asking = probe({ httpGet: { port } }, late.signal);
    setImmediate(() => late.abort(new Error('too late')));
    await expect(asking).rejects.toThrow('too late');
  });
});

describe('tcpSocket', () => {
  test('a connection is enough', async () => {
    const port = await listen(createTcp((socket) => socket.end()));
    expect((await probe({ tcpSocket: { port } })).ok).toBe(true);
    const closed = await closedPort();
    const output = `dial tcp 127.0.0.1:${closed}: connect: connection refused`;
    expect(await probe({ tcpSocket: { port: closed } })).toEqual({ ok: false, output });
  });
});

describe('grpc', () => {
  /** A health server that answers with `body` and `status`, and keeps what it was asked. */
  async function health(body: Buffer, status = '0') {
    const asked: Buffer[] = [];
    const server = createHttp2();
    server.on('stream', (stream: ServerHttp2Stream) => {
      stream.on('data', (part: Buffer) => asked.push(part));
      stream.on('end', () => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
        stream.end(body);
      });
    });
    return { port: await listen(server as unknown as Server), asked };
  }
  const answer = (status: number): Buffer => Buffer.from([0, 0, 0, 0, 2, 8, status]);
  test('serving is well; all else is not', async () => {
    const { port, asked } = await health(answer(1));
    expect((await probe({ grpc: { port, service: 'x' } })).ok).toBe(true);
    expect(Buffer.concat(asked)).toEqual(Buffer.from([0, 0, 0, 0, 3, 0x0a, 1, 0x78]));
    const sick = await health(answer(2));
    const output = 'service unhealthy (responded with "NOT_SERVING")';
    expect(await probe({ grpc: { port: sick.port } })).toEqual({ ok: false, output });
    const silent = await health(Buffer.from([0, 0, 0, 0, 0]));
    expect((await probe({ grpc: { port: silent.port } })).output).toContain('UNKNOWN');
    const without = await health(Buffer.alloc(0), '12');
    expect((await probe({ grpc: { port: without.port } })).output).toContain('does not implement');
  });
  test('nobody there, or somebody who speaks otherwise', async () => {
    expect((await probe({ grpc: { port: await closedPort() } })).ok).toBe(false);
    const port = await listen(createTcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    expect((await probe({ grpc: { port } })).ok).toBe(false);
  });
});

describe('exec', () => {
  async function started() {
    const pod = { namespace: 'shop', name: 'p', uid: `u-${Math.random()}` };
    const base = { pod, attempt: 0, hostname: 'p', network: 'own', ipc: 'own', pid: 'own' } as const;
    const sandboxId = await runtime.runSandbox({ ...base, sysctls: {}, labels: {} });
    const id = await runtime.createContainer({
      ...{ pod, name: 'app', attempt: 0, sandboxId, image: 'busybox:1.36', command: ['sleep', 'inf'], args: [] },
      ...{ workingDir: '', env: [], mounts: [], devices: [], stdin: false, stdinOnce: false, tty: false },
      ...{ ipc: 'sandbox', pid: 'own', resources: {}, labels: {} },
      security: {
        ...{ privileged: false, supplementalGroups: [], addCapabilities: [], dropCapabilities: [] },
        ...{ readOnlyRootFilesystem: false, noNewPrivileges: false, procMount: 'default' },
      },
    });
    await runtime.startContainer(id);
    return { containerId: id, container: container('app'), ip: '', runtime };
  }
  test('the exit code decides, the output is told', async () => {
    const target = await started();
    const { signal } = new AbortController();
    expect(await ask({ exec: { command: ['true'] } }, target, signal)).toEqual({ ok: true, output: '' });
    const failing = { exec: { command: ['sh', '-c', 'echo no; exit 1'] } };
    expect(await ask(failing, target, signal)).toEqual({ ok: false, output: 'no\n' });
    expect((await ask({ exec: { command: ['nonesuch'] } }, target, signal)).ok).toBe(false);
  });
  test('is ended when told to', async () => {
    const target = await started();
    const late = new AbortController();
    const asking = ask({ exec: { command: ['sleep', '1000'] } }, target, late.signal);
    await settle();
    late.abort(new Error('too late'));
    await expect(asking).rejects.toThrow('too late');
  });
});

test('a port is a number or a name of the container’s', () => {
  const app = container('app', { ports: [{ name: 'http', containerPort: 8080 }] });
  expect(toPort('http', app)).toBe(8080);
  expect(toPort(90, app)).toBe(90);
  for (const port of ['none', 0, 65_536, '']) expect(() => toPort(port, app)).toThrow('invalid port');
});
