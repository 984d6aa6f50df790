/** Legal requests, too many of them, by the numbers of the list of hostile inputs. */
import { once } from 'node:events';
import { type ClientHttp2Session, connect, type Settings } from 'node:http2';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { rawConnection } from './streams/testing/raw.ts';
import { frame, frameType, preface } from './testing/http2-frames.ts';
import { expectMeasuredUnharmed } from './testing/invariants.ts';
import { type MeasuredServer, startMeasuredServer } from './testing/measured.ts';
import type { Reply, TestClients } from './testing/server.ts';

// Hundreds of handshakes: how long they take is the machine's affair.
vi.setConfig({ testTimeout: 180_000 });

let at: MeasuredServer;
const configMaps = '/api/v1/namespaces/default/configmaps';
const turnMs = 50;
const megabyte = 1024 * 1024;
beforeAll(async () => {
  at = await startMeasuredServer();
  await at.fill(2000);
});
afterAll(() => at.close());
expectMeasuredUnharmed(() => at);

async function openSession({ restPort, ca, admin }: TestClients, settings?: Settings): Promise<ClientHttp2Session> {
  const tls = { ca: ca.certificatePem, cert: admin.certificatePem, key: admin.keyPem, servername: 'localhost' };
  const session = connect(`https://127.0.0.1:${restPort}`, { ...tls, settings });
  session.on('error', () => {});
  await once(session, 'remoteSettings');
  return session;
}

const isList = (text: string): boolean => text.endsWith(']}\n');

it('H-241 long lists at once are all answered, or told to come again, and others meanwhile', async () => {
  const before = await at.memory();
  const lists = Array.from({ length: 30 }, () => at.request(configMaps));
  expect((await at.request('/api/v1/namespaces/default')).status).toBe(200);
  for (const reply of await Promise.all(lists)) {
    expect([200, 429]).toContain(reply.status);
    if (reply.status === 429) {
      expect(reply.headers).toMatchObject({ 'retry-after': '1', 'content-type': 'text/plain; charset=utf-8' });
      expect(reply.text).toBe('Too many requests, please try again later.\n');
    } else expect(isList(reply.text)).toBe(true);
  }
  expect((await at.memory()) - before).toBeLessThan(256 * megabyte);
});

it.each(['application/vnd.kubernetes.protobuf', 'application/yaml', 'application/json;as=Table;v=v1;g=meta.k8s.io'])(
  'H-241 a long list as %s lets others have their turn',
  async (accept) => {
    let reply: Reply | undefined;
    const work = async () => (reply = await at.request(configMaps, { headers: { accept } }));
    expect(await at.longestTurn(work, turnMs)).toBeLessThan(turnMs);
    expect(reply?.status).toBe(200);
  },
);

it('H-017 a hundred long answers that a connection has no room for cost a bound of memory', async () => {
  const big = 'x'.repeat(1_000_000);
  await at.create('/api/v1/namespaces/default/secrets', { metadata: { name: 'big' }, stringData: { big } });
  const before = await at.memory();
  const session = await openSession(at, { initialWindowSize: 0 });
  const ends = Array.from({ length: 100 }, () => {
    const stream = session.request({ ':path': '/api/v1/namespaces/default/secrets/big' });
    stream.on('error', () => {});
    return new Promise((done) => stream.once('response', done).once('close', done));
  });
  await Promise.all(ends);
  expect((await at.memory()) - before).toBeLessThan(64 * megabyte);
  session.destroy();
});

it('H-017 WINDOW_UPDATE without end let others have their turn', async () => {
  const { socket } = await rawConnection(at, at.admin, 'h2');
  const one = frame(frameType.windowUpdate, 0, 0, Buffer.from([0, 0, 0, 1]));
  socket.write(preface);
  const many = Buffer.concat(Array.from({ length: 100_000 }, () => one));
  expect(await at.longestTurn(() => new Promise((sent) => socket.write(many, sent)), turnMs)).toBeLessThan(turnMs);
  socket.destroy();
});

it('H-242 readers of lists and watches that never read cost a bound of memory each', async () => {
  const before = await at.memory();
  const idle = await Promise.all(Array.from({ length: 50 }, () => rawConnection(at)));
  for (const [i, { socket }] of idle.entries()) {
    socket.pause();
    socket.write(`GET ${configMaps}${i % 2 === 0 ? '?watch=1' : ''} HTTP/1.1\r\nHost: x\r\n\r\n`);
  }
  // Half a gigabyte would wait if all were written at once.
  expect((await at.request(`${configMaps}?limit=1`)).status).toBe(200);
  expect((await at.request('/api/v1/namespaces/default')).status).toBe(200);
  expect((await at.memory()) - before).toBeLessThan(200 * megabyte);
  for (const { socket } of idle) socket.destroy();
});

it('H-242 ten thousand watches of one client, of which a thousand are never read, leave others their turn and cost some kilobytes each', async () => {
  const before = await at.memory();
  const watches = `${configMaps}?watch=1&resourceVersion=${JSON.parse((await at.request(`${configMaps}?limit=1`)).text).metadata.resourceVersion}`;
  const sessions = await Promise.all(Array.from({ length: 100 }, () => openSession(at)));
  const streams = sessions.flatMap((session) =>
    Array.from({ length: 100 }, () => session.request({ ':path': watches })),
  );
  const answers = await Promise.all(
    streams.map(async (stream, i) => {
      stream.on('error', () => {});
      const [headers] = await once(stream, 'response');
      // Every tenth never reads what comes.
      if (i % 10 !== 0) stream.resume();
      return headers[':status'];
    }),
  );
  expect(answers.filter((code) => code !== 200 && code !== 429)).toEqual([]);
  const open = answers.filter((code) => code === 200).length;
  for (let i = 0; i < 5; i++)
    await at.create(configMaps, { metadata: { name: `seen-${i}` }, data: { k: 'x'.repeat(2000) } });
  expect((await at.request('/api/v1/namespaces/default')).status).toBe(200);
  expect((await at.memory()) - before).toBeLessThan((open / 1000) * 60 * megabyte);
  for (const session of sessions) session.destroy();
});

it('H-244 what clients call things is no label of a metric', async () => {
  const count = async (): Promise<number> => (await at.request('/metrics')).text.split('\n').length;
  await at.request('/apis/evil/v1/namespaces/default/things0');
  await at.request('/evil0');
  const before = await count();
  for (let i = 1; i <= 50; i++) {
    await at.request(`/apis/evil${i}/v${i}/namespaces/n${i}/things${i}/o/sub${i}`);
    await at.request(`/evil${i}`);
    await at.request(`${configMaps}/c1/sub${i}`);
  }
  expect((await count()) - before).toBeLessThan(80);
  expect((await at.request('/metrics')).text).not.toContain('evil');
});
