/** Clients that mean no good, by the numbers of the list of hostile inputs. */
import { createDeflate, constants as zlib } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Conversation, linkAgent, linked } from '../../grpc/testing/agent.ts';
import { runningPod } from '../../grpc/testing/pods.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';
import { dataFrame, readFrame, synStreamFrame } from './spdy-frames.ts';
import {
  bodyOf,
  clientFrame,
  closeCode,
  rawConnection,
  requestText,
  spdyHeaders,
  spdyOpener,
  upgraded,
  webSocketHeaders,
} from './testing/raw.ts';

let at: TestServer;
/** Conversations that the agent saw, with whether the server gave them up. */
const seen: { readonly open: Conversation['open']; readonly sizes: Conversation['sizes']; canceled: boolean }[] = [];

async function serve(conversation: Conversation): Promise<void> {
  const one = { open: conversation.open, sizes: conversation.sizes, canceled: false };
  seen.push(one);
  void conversation.canceled.then(() => (one.canceled = true));
  for await (const piece of conversation.input) await conversation.out('CHANNEL_STDOUT', piece);
}

beforeAll(async () => {
  at = await startTestServer();
  linkAgent(at, await at.issue('system:node:n', ['system:nodes']), 'n', serve);
  await runningPod(at, 'p', 'n');
  await runningPod(at, 'two', 'n', ['a', 'b']);
  await at.create('/api/v1/namespaces/default/pods', {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'waiting' } },
    spec: { containers: [{ name: 'c', image: 'busybox' }] },
  });
  await linked(at, 'n');
});
afterAll(() => at.close());

const cat = 'p/exec?command=cat&stdin=1&stdout=1';
const frameOf = (text: string): Buffer => clientFrame(2, Buffer.from(text));

/** The server still does its work: a new exec is carried. */
async function isWell(): Promise<void> {
  const raw = await upgraded(at, cat, webSocketHeaders());
  raw.socket.write(frameOf('\0well'));
  await expect.poll(() => bodyOf(raw.received()).includes('well')).toBe(true);
  raw.socket.destroy();
}

/** Answers the refusal: the status line's code and the Status' message. The connection must be closed after it. */
async function refusal(path: string, headers: Record<string, string>): Promise<[number, string]> {
  const raw = await rawConnection(at);
  raw.socket.write(requestText(path, headers));
  await raw.closed;
  const text = raw.received().toString();
  return [Number(text.split(' ')[1]), JSON.parse(bodyOf(raw.received()).toString()).message];
}

describe('requests', () => {
  const socket = webSocketHeaders();
  const spdy = spdyHeaders('v4.channel.k8s.io');
  it.each([
    ['H-181 no stream', 'p/exec?command=cat', 'you must specify at least 1 of stdin, stdout, stderr'],
    ['H-181 no command', 'p/exec?stdout=1', 'you must specify at least one command for the container'],
    ['H-182 a strange container', 'p/exec?command=cat&stdout=1&container=x', 'container x is not valid for pod p'],
    [
      'H-182 no container of two',
      'two/exec?command=cat&stdout=1',
      'a container name must be specified for pod two, choose one of: [a b]',
    ],
    ['H-182 a pod without a node', 'waiting/exec?command=cat&stdout=1', 'pod waiting does not have a host assigned'],
    ['H-182 a path for a container', 'p/attach?stdout=1&container=..%2Fx', 'container ../x is not valid for pod p'],
  ])('%s: 400 over either protocol', async (_, path, message) => {
    expect(await refusal(path, socket)).toEqual([400, message]);
    expect(await refusal(path, spdy)).toEqual([400, message]);
  });

  it.each([
    ['WebSocket exec', cat, webSocketHeaders('v9.channel.k8s.io')],
    ['WebSocket exec of a base64 protocol', cat, webSocketHeaders('base64.channel.k8s.io')],
    ['SPDY exec', cat, spdyHeaders('v9.channel.k8s.io')],
    ['WebSocket port-forward', 'p/portforward', webSocketHeaders('v9')],
    ['SPDY port-forward', 'p/portforward', spdyHeaders('v4.channel.k8s.io')],
  ])('H-183 %s without a common protocol: 400', async (_, path, headers) => {
    expect(await refusal(path, headers)).toEqual([400, expect.stringContaining('unable to negotiate protocol')]);
  });

  it('H-184 a second request behind a refused upgrade reaches nobody', async () => {
    const before = seen.length;
    const raw = await rawConnection(at);
    raw.socket.write(requestText('nope/exec?command=cat&stdout=1', socket) + requestText(cat, socket));
    await raw.closed;
    const text = raw.received().toString();
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 404']);
    expect(text).toContain('Connection: close');
    expect(seen).toHaveLength(before);
  });

  it('H-187 a plain GET runs nothing, and an upgrade needs create', async () => {
    const plain = await at.request(`/api/v1/namespaces/default/pods/${cat}`);
    expect([plain.status, JSON.parse(plain.text).message]).toEqual([400, 'Upgrade request required']);
    await at.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'reader' } },
      rules: [
        { apiGroups: [''], resources: ['pods', 'pods/exec'], verbs: ['get'] },
        { apiGroups: [''], resources: ['nodes/proxy'], verbs: ['*'] },
      ],
    });
    await at.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'reader' } },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
    });
    const jane = await at.issue('jane');
    await expect
      .poll(async () => (await at.request('/api/v1/namespaces/default/pods/p', { as: jane })).status)
      .toBe(200);
    const raw = await rawConnection(at, jane);
    raw.socket.write(requestText(cat, socket));
    await raw.closed;
    expect(raw.received().toString()).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('H-201 rights on nodes/proxy open no command', async () => {
    const before = seen.length;
    const jane = await at.issue('jane');
    const path = '/api/v1/nodes/n/proxy/exec/default/p/c?command=cat&output=1';
    expect((await at.request(path, { method: 'POST', as: jane })).status).toBeGreaterThanOrEqual(400);
    expect(seen).toHaveLength(before);
  });

  it.each([
    ['tailLines=-1', 422],
    ['tailLines=x', 400],
    ['sinceSeconds=0', 422],
    ['sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z', 422],
    ['sinceTime=yesterday', 422],
    ['limitBytes=0', 422],
    ['limitBytes=99999999999999999999', 400],
    ['container=..%2F..%2Fx', 400],
  ])('H-193 logs with %s: %i', async (query, status) => {
    expect((await at.request(`/api/v1/namespaces/default/pods/p/log?${query}`)).status).toBe(status);
  });
});

describe('H-188 WebSocket frames', () => {
  const length63 = Buffer.from([0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
  it.each([
    ['not masked', Buffer.from([0x82, 1, 0]), [1002]],
    ['of 2^63 bytes', length63, [1009]],
    ['above the limit', Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x50, 0, 0, 0, 0, 0, 0]), [1009]],
    ['a control frame in pieces', clientFrame(9, Buffer.from('x'), false), [1002]],
    ['a control frame that is too long', clientFrame(9, Buffer.alloc(126)), [1002]],
    ['text that is no UTF-8', clientFrame(1, Buffer.from([0xc3, 0x28])), [1007]],
    ['an opcode that is none', clientFrame(3, Buffer.alloc(0)), [1002]],
    ['a piece of nothing', clientFrame(0, Buffer.from('x')), [1002]],
    ['reserved bits', Buffer.from([0xf2, 0x80, 0, 0, 0, 0]), [1002]],
  ])('%s: closed, and the command is given up', async (_, frame, codes) => {
    const raw = await upgraded(at, cat, webSocketHeaders());
    await expect.poll(() => seen.at(-1)?.canceled).toBe(false);
    const mine = seen.at(-1);
    raw.socket.write(frame);
    await expect.poll(() => closeCode(raw.received())).toBe(codes[0]);
    raw.socket.destroy();
    await expect.poll(() => mine?.canceled).toBe(true);
  });

  it('100 000 of one byte arrive, in order, and others are served meanwhile', async () => {
    const raw = await upgraded(at, cat, webSocketHeaders());
    const text = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));
    raw.socket.write(Buffer.concat([...text].map((byte) => clientFrame(2, Buffer.from([0, byte])))));
    await isWell();
    const echoed = (): Buffer => {
      const parts: Buffer[] = [];
      let rest = bodyOf(raw.received());
      while (rest.length > 3) {
        const [start, length] = rest[1] === 126 ? [4, rest.readUInt16BE(2)] : [2, rest[1] ?? 0];
        parts.push(rest.subarray(start + 1, start + length));
        rest = rest.subarray(start + length);
      }
      return Buffer.concat(parts);
    };
    await expect.poll(() => echoed().length).toBe(text.length);
    expect(echoed().equals(text)).toBe(true);
    raw.socket.destroy();
  });

  it('pings without end from a client that reads no pongs end the connection', async () => {
    const raw = await upgraded(at, cat, webSocketHeaders());
    raw.socket.pause();
    const pings = Buffer.concat(Array.from({ length: 1000 }, () => clientFrame(9, Buffer.alloc(125))));
    const send = (): Promise<boolean> =>
      new Promise((sent) => raw.socket.write(pings, (error) => sent(error === null || error === undefined)));
    let rounds = 0;
    while (rounds < 1000 && (await send())) rounds++;
    expect(rounds).toBeLessThan(1000);
  });

  it('H-191 sizes that are none are not told, those that are are', async () => {
    const raw = await upgraded(at, `${cat}&tty=1`, webSocketHeaders());
    const sizes = [
      '{"Width":70000,"Height":-1}',
      '{"Width":0,"Height":0}',
      '{',
      'null',
      '[]',
      '{"Width":"8","Height":2}',
    ];
    for (const size of [...sizes, `{"Width":80,"Height":24,"x":"${'x'.repeat(1000)}"}`, '{"Width":80,"Height":24}'])
      raw.socket.write(frameOf(`\x04${size}`));
    await expect.poll(() => seen.at(-1)?.sizes).toEqual([{ columns: 80, rows: 24 }]);
    raw.socket.destroy();
  });
});

describe('H-189 SPDY', () => {
  const forward = (): Promise<Awaited<ReturnType<typeof upgraded>>> =>
    upgraded(at, 'p/portforward', spdyHeaders('portforward.k8s.io'));
  const countOf = (received: Buffer, type: string): number => {
    let count = 0;
    for (let read = readFrame(bodyOf(received)); read !== undefined; read = readFrame(read.rest))
      if (read.frame.type === type) count++;
    return count;
  };

  it('streams without a partner are reset beyond a bound', async () => {
    const raw = await forward();
    const open = spdyOpener();
    for (let i = 0; i < 10_000; i++)
      raw.socket.write(await open(2 * i + 1, { streamtype: 'error', port: '80', requestid: String(i) }));
    await expect.poll(() => countOf(raw.received(), 'rst')).toBe(9900);
    raw.socket.destroy();
    await isWell();
  });

  it('headers that inflate without end cut the connection', async () => {
    const raw = await forward();
    const deflate = createDeflate({ flush: zlib.Z_SYNC_FLUSH });
    const parts: Buffer[] = [];
    deflate.on('data', (part: Buffer) => parts.push(part));
    await new Promise((done) => deflate.write(Buffer.alloc(64 * 1024 * 1024), done));
    raw.socket.write(synStreamFrame(1, Buffer.concat(parts)));
    await raw.closed;
    await isWell();
  });

  it.each<[string, Buffer]>([
    ['a frame above the limit', Buffer.from([0, 0, 0, 1, 0, 0xff, 0xff, 0xff])],
    ['another version', Buffer.from([0x80, 2, 0, 1, 0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])],
    ['a frame that is too short', Buffer.from([0x80, 3, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1])],
    ['headers that do not inflate', synStreamFrame(1, Buffer.from('garbage'))],
  ])('%s cuts the connection', async (_, frame) => {
    const raw = await forward();
    raw.socket.write(frame);
    await raw.closed;
  });

  it('data before their stream are dropped, and what follows is served', async () => {
    const raw = await forward();
    const open = spdyOpener();
    raw.socket.write(dataFrame(3, Buffer.from('too early'), false));
    raw.socket.write(await open(1, { streamtype: 'error', port: '80', requestid: '1' }));
    raw.socket.write(await open(3, { streamtype: 'data', port: '80', requestid: '1' }));
    raw.socket.write(dataFrame(3, Buffer.from('in time'), false));
    await expect.poll(() => bodyOf(raw.received()).includes('in time')).toBe(true);
    expect(bodyOf(raw.received()).includes('too early')).toBe(false);
    raw.socket.destroy();
  });

  it('data that nobody reads do not keep a gone client’s streams', async () => {
    const raw = await forward();
    const open = spdyOpener();
    raw.socket.write(await open(1, { streamtype: 'error', port: '80', requestid: '1' }));
    raw.socket.write(dataFrame(1, Buffer.alloc(1000), false));
    raw.socket.write(await open(3, { streamtype: 'data', port: '80', requestid: '1' }));
    raw.socket.write(dataFrame(3, Buffer.from('hello'), false));
    await expect.poll(() => bodyOf(raw.received()).includes('hello')).toBe(true);
    const mine = seen.at(-1);
    raw.socket.destroy();
    await expect.poll(() => mine?.canceled).toBe(true);
  });

  it.each(['0', '-1', '65536', 'x', '', '99999999999'])(
    'H-192 port %j fails on its own streams alone',
    async (port) => {
      const raw = await forward();
      const open = spdyOpener();
      raw.socket.write(await open(1, { streamtype: 'error', port, requestid: '1' }));
      raw.socket.write(await open(3, { streamtype: 'data', port, requestid: '1' }));
      // Input for a connection that never was must not hold up the next.
      raw.socket.write(dataFrame(3, Buffer.from('lost'), false));
      raw.socket.write(dataFrame(3, Buffer.from('lost'), false));
      await expect.poll(() => bodyOf(raw.received()).includes('as a port')).toBe(true);
      raw.socket.write(await open(5, { streamtype: 'error', port: '80', requestid: '2' }));
      raw.socket.write(await open(7, { streamtype: 'data', port: '80', requestid: '2' }));
      raw.socket.write(dataFrame(7, Buffer.from('fine'), false));
      await expect.poll(() => bodyOf(raw.received()).includes('fine')).toBe(true);
      raw.socket.destroy();
    },
  );
});

it('nothing of this was a fault of the server', async () => {
  await isWell();
  expect(at.log.filter((line) => line.startsWith('error'))).toEqual([]);
});
