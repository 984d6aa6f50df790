/** Legal requests, too many of them, by the numbers of the list of hostile inputs. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rawConnection } from './streams/testing/raw.ts';
import { expectUnharmed } from './testing/invariants.ts';
import { startTestServer, type TestServer } from './testing/server.ts';

let at: TestServer;
const configMaps = '/api/v1/namespaces/default/configmaps';
const many = 2000;
beforeAll(async () => {
  at = await startTestServer();
  const { registry } = at.server;
  const context = {
    user: { name: 'system:test', uid: '', groups: ['system:masters'], extra: {} },
    ...{ userAgent: '', signal: new AbortController().signal, warn: () => {} },
  };
  const target = { group: '', version: 'v1', resource: 'configmaps', namespace: 'default', name: '', subresource: '' };
  const options = { dryRun: false, fieldManager: '', fieldValidation: 'Ignore' } as const;
  for (let i = 0; i < many; i++)
    await registry.create(
      context,
      target,
      { document: { metadata: { name: `c${i}` }, data: { k: 'x'.repeat(2000) } }, duplicates: [] },
      options,
    );
});
afterAll(() => at.close());
expectUnharmed(() => at);

const isList = (text: string): boolean => text.endsWith(']}\n');

it('H-241 long lists at once are all answered, or told to come again, and others meanwhile', async () => {
  const before = process.memoryUsage().rss;
  const lists = Array.from({ length: 30 }, () => at.request(configMaps));
  expect((await at.request('/api/v1/namespaces/default')).status).toBe(200);
  for (const reply of await Promise.all(lists)) {
    expect([200, 429]).toContain(reply.status);
    if (reply.status === 429) expect(reply.headers['retry-after']).toBe('1');
    else expect(isList(reply.text)).toBe(true);
  }
  // This process is every client as well, and holds each answer.
  expect(process.memoryUsage().rss - before).toBeLessThan(1024 * 1024 * 1024);
});

it.each(['application/vnd.kubernetes.protobuf', 'application/yaml', 'application/json;as=Table;v=v1;g=meta.k8s.io'])(
  'H-241 a long list as %s lets others have their turn',
  async (accept) => {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const reply = await at.request(configMaps, { headers: { accept } });
    delay.disable();
    expect(reply.status).toBe(200);
    expect(delay.max / 1e6).toBeLessThan(2000);
  },
);

it('H-242 readers of lists and watches that never read cost a bound of memory each', async () => {
  const before = process.memoryUsage().rss;
  const idle = await Promise.all(Array.from({ length: 50 }, () => rawConnection(at)));
  for (const [i, { socket }] of idle.entries()) {
    socket.pause();
    socket.write(`GET ${configMaps}${i % 2 === 0 ? '?watch=1' : ''} HTTP/1.1\r\nHost: x\r\n\r\n`);
  }
  // Half a gigabyte would wait if all were written at once.
  expect((await at.request(`${configMaps}?limit=1`)).status).toBe(200);
  expect((await at.request('/api/v1/namespaces/default')).status).toBe(200);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  for (const { socket } of idle) socket.destroy();
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
