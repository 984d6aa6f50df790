/** What nodes and pods use, and HTTP to pods and services, through an unmodified kubectl. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../cluster/cluster.ts';
import { cluster, namespaceWithClient, readyPods, removeNamespace } from './cluster.ts';

const ns = 'proxied';
const api = `/api/v1/namespaces/${ns}`;
const get = (path: string): Promise<string> => cluster.kubectl('get', '--raw', path);

const web = `
mkdir -p /tmp/www && cd /tmp/www && echo plain > plain.txt && echo '<a href="/plain.txt">x</a>' > index.html
exec httpd -f -p 8080 -h /tmp/www
`;

beforeAll(async () => {
  await namespaceWithClient(ns);
  await cluster.kubectl('run', 'web', '-n', ns, '--image=skiff/busybox:1', '--port=8080', '--', 'sh', '-c', web);
  await cluster.kubectl('expose', 'pod', 'web', '-n', ns, '--port=80', '--target-port=8080');
  await readyPods(ns, 'run=web', 1);
});

afterAll(() => removeNamespace(ns));

test('C199 C200 C201 the proxy reaches pods and services, by number, and keeps links inside', async () => {
  expect(await get(`${api}/pods/web/proxy/plain.txt`)).toBe('plain');
  expect(await get(`${api}/pods/http:web:8080/proxy/plain.txt`)).toBe('plain');
  for (const name of ['web', 'web:80', 'http:web:80']) {
    const path = `${api}/services/${name}/proxy/plain.txt`;
    expect(await eventually(`an endpoint behind ${name}`, () => get(path))).toBe('plain');
  }
  expect(await get(`${api}/pods/web/proxy`)).toBe(`<a href="${api}/pods/web/proxy/plain.txt">x</a>`);
  await expect(get(`${api}/pods/web:81/proxy/`)).rejects.toThrow(/error trying to reach service/);
});

test('kubectl top tells what nodes and pods use', async () => {
  const nodes = await eventually('metrics of every node', async () => {
    const text = await cluster.kubectl('top', 'nodes', '--no-headers');
    if (text.trim().split('\n').length !== cluster.place.nodes || text.includes('unknown')) throw new Error(text);
    return text;
  });
  expect(nodes).toMatch(/^node-1 +\d+m +\d+% +\d+Mi +\d+%/m);
  const pods = await eventually('metrics of both pods', async () => {
    const text = await cluster.kubectl('top', 'pods', '-n', ns, '--containers', '--no-headers');
    if (!text.includes('client') || !text.includes('web')) throw new Error(text);
    return text;
  });
  expect(pods).toMatch(/^web +web +\d+m +\d+Mi/m);
  expect(await cluster.kubectl('top', 'pods', '-A', '-l', 'run=web', '--no-headers')).toMatch(/^proxied +web +/);
});

test('the pages of a node are asked over its link', async () => {
  expect(await get('/api/v1/nodes/node-1/proxy/healthz')).toBe('ok');
  expect(JSON.parse(await get('/api/v1/nodes/node-1/proxy/stats/summary')).node.nodeName).toBe('node-1');
});
