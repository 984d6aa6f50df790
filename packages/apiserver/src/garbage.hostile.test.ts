/** Hand-written garbage in etcd under this server's keys: it starts, names what it cannot read, and serves the rest. */
import { apiVersionOf, type Definition } from '@skiff/api';
import { builtinDefinitions } from '@skiff/api/kinds';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startTestServer, type TestServer } from './http/testing/server.ts';
import { startEtcd, type TestEtcd } from './storage/testing/etcd.ts';

vi.setConfig({ hookTimeout: 60_000 });

let etcd: TestEtcd;
let at: TestServer;
const protobuf = 'application/vnd.kubernetes.protobuf';

/** Over etcd's own JSON door: keys and values of any bytes. */
async function put(key: string | Buffer, value: string | Buffer): Promise<void> {
  const [inKey, inValue] = [Buffer.from(key).toString('base64'), Buffer.from(value).toString('base64')];
  const body = JSON.stringify({ key: inKey, value: inValue });
  expect((await fetch(`${etcd.endpoint}/v3/kv/put`, { method: 'POST', body })).status).toBe(200);
}

const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;

/** By the object's name. */
function garbageOf({ kind, namespaced, ...of }: Definition): Readonly<Record<string, string | Buffer>> {
  const whole = (name: string, more: object): string =>
    JSON.stringify({
      ...{ kind, apiVersion: apiVersionOf({ ...of }), ...more },
      metadata: { name, ...(namespaced ? { namespace: 'default' } : {}) },
    });
  const parts = ['spec', 'status', 'data', 'rules', 'roleRef', 'subjects', 'webhooks', 'subsets', 'endpoints', 'ports'];
  const all = (value: unknown): object => Object.fromEntries(parts.map((part) => [part, value]));
  return {
    ...{ 'g-empty': '', 'g-text': 'not json', 'g-five': '5', 'g-null': 'null', 'g-list': '[]' },
    ...{ 'g-bytes': Buffer.from([0xff, 0xfe, 0, 1]), 'g-nameless': '{"metadata":null}' },
    'g-deep': `{"metadata":{"name":"g-deep"},"spec":${deep}}`,
    'g-untyped': `{"metadata":{"name":"g-untyped","labels":5,"generation":"x","deletionTimestamp":"yesterday"}}`,
    'g-strings': whole('g-strings', all('x')),
    'g-lists': whole('g-lists', all([null, 5, {}])),
    'g-bare': whole('g-bare', {}),
    'g-inner': whole('g-inner', {
      spec: {
        containers: [null],
        ports: [null, 5],
        versions: [null],
        names: 5,
        service: 'x',
        limits: [null],
        hard: 'x',
      },
      status: { conditions: [null, 5], addresses: [null] },
    }),
  };
}

beforeAll(async () => {
  etcd = await startEtcd();
  const kept = {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name: 'kept', namespace: 'default' },
    data: { a: 'b' },
  };
  const puts = builtinDefinitions().flatMap((each) => {
    const { group, resource } = each.storage ?? each;
    const prefix = `/registry/${group || 'core'}/${resource}/${each.namespaced ? 'default/' : ''}`;
    return Object.entries(garbageOf(each)).map(([name, value]) => put(prefix + name, value));
  });
  const odd = [
    '/registry/',
    '/registry/core/pods',
    '/registry/core/pods//',
    '/registry/core/pods/a/b/c',
    '/registry/x/y',
  ];
  const inner = ['ranges/serviceips/x', 'ranges/servicenodeports/30001', 'masterleases/x'].map(
    (key) => `/registry/${key}`,
  );
  puts.push(...odd.map((key) => put(key, '{"metadata":{"name":"x"}}')), ...inner.map((key) => put(key, 'garbage')));
  puts.push(put(Buffer.from('/registry/core/pods/default/\xff', 'latin1'), '{}'));
  puts.push(put('/registry/core/configmaps/default/kept', JSON.stringify(kept)));
  await Promise.all(puts);
  at = await startTestServer({ type: 'etcd', endpoints: [etcd.endpoint] });
});
afterAll(async () => {
  await at?.close();
  await etcd.remove();
});

it('is named by its keys', () => {
  const named = (text: string): boolean => at.log.some((line) => line.startsWith('error') && line.includes(text));
  expect(at.log.filter((line) => line.includes('a stored document cannot be read')).length).toBeGreaterThan(300);
  for (const resource of ['customresourcedefinitions', 'flowschemas', 'clusterroles', 'apiservices'])
    expect([resource, named(`"resource":"${resource}","key":"/g-strings"`)]).toEqual([resource, true]);
});

it('keeps no list from its clients, in whatever form', async () => {
  for (const { group, version, resource, verbs } of builtinDefinitions()) {
    if (!verbs.includes('list')) continue;
    const path = `${group === '' ? '/api' : `/apis/${group}`}/${version}/${resource}`;
    const forms = ['application/json', 'application/yaml', protobuf, 'application/json;as=Table;v=v1;g=meta.k8s.io'];
    const replies = await Promise.all(forms.map((accept) => at.request(path, { headers: { accept } })));
    expect([path, ...replies.map(({ status }) => status)]).toEqual([path, 200, 200, 200, 200]);
  }
});

it('costs nobody else their objects, old or new', async () => {
  expect(JSON.parse((await at.request('/api/v1/namespaces/default/configmaps/kept')).text).data).toEqual({ a: 'b' });
  await at.create('/api/v1/namespaces/default/serviceaccounts', {
    ...{ kind: 'ServiceAccount', apiVersion: 'v1', metadata: { name: 'default' } },
  });
  const typed = (kind: string, spec: object) => ({ kind, apiVersion: 'v1', metadata: { name: 'new' }, ...spec });
  const made = [
    at.create('/api/v1/namespaces/default/configmaps', typed('ConfigMap', {})),
    at.create('/api/v1/namespaces/default/pods', typed('Pod', { spec: { containers: [{ name: 'c', image: 'x' }] } })),
    at.create('/api/v1/namespaces/default/services', typed('Service', { spec: { ports: [{ port: 80 }] } })),
    at.create('/api/v1/namespaces', typed('Namespace', {})),
  ];
  expect((await Promise.all(made)).map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  expect((await at.request('/readyz')).status).toBe(200);
});

it('can be read as far as it is right, and deleted', async () => {
  const path = '/api/v1/namespaces/default/services/g-inner';
  expect(JSON.parse((await at.request(path)).text).spec.ports).toEqual([null, 5]);
  expect((await at.request(path, { headers: { accept: protobuf } })).status).toBe(200);
  expect((await at.request(path, { method: 'DELETE' })).status).toBe(200);
});
