/** A server behind an APIService, through the front door. */
import { expect } from 'vitest';
import { cluster } from '../e2e/cluster.ts';
import { startExtensionServer } from './support/extension-server.ts';
import { overGrpc } from './support/grpc.ts';
import { absent, ask, create, get, list, merge, must, refused, remove } from './support/rest.ts';
import type { Thing } from './support/shapes.ts';
import { eventually, test, unique } from './support/test.ts';

const services = '/apis/apiregistration.k8s.io/v1/apiservices';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

const available = async (path: string): Promise<Condition | undefined> =>
  ((await get(path)).status.conditions as Condition[] | undefined)?.find(({ type }) => type === 'Available');

const reaches = (path: string, status: string, reason: string): Promise<boolean> =>
  eventually(`${path} Available ${status}, ${reason}`, async () => {
    const now = await available(path);
    if (now?.status === status && now.reason === reason) return true;
    throw new Error(JSON.stringify(now));
  });

test('C029 a server behind an APIService is discovered and used through the front door', async ({ ns }) => {
  const group = `${unique('wardle')}.example.com`;
  const entry = `${services}/v1alpha1.${group}`;
  const far = await startExtensionServer(group, ns, 'sample-api');
  try {
    await create(services, {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: `v1alpha1.${group}`, labels: { conformance: group } },
      spec: {
        ...{ group, version: 'v1alpha1', service: { namespace: ns, name: 'sample-api', port: 7443 } },
        ...{ caBundle: far.caBundle, groupPriorityMinimum: 2000, versionPriority: 200 },
      },
    });
    await reaches(entry, 'False', 'ServiceNotFound');
    // A Service without a selector, whose endpoint is this machine as the cluster's hosts see it.
    await create(`/api/v1/namespaces/${ns}/services`, {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'sample-api' } },
      spec: { ports: [{ port: 7443, targetPort: far.port, protocol: 'TCP' }] },
    });
    await reaches(entry, 'False', 'EndpointsNotFound');
    expect(await refused('GET', `/apis/${group}/v1alpha1`)).toMatchObject({ code: 503, reason: 'ServiceUnavailable' });
    await create(`/apis/discovery.k8s.io/v1/namespaces/${ns}/endpointslices`, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'sample-api', labels: { 'kubernetes.io/service-name': 'sample-api' } },
      ...{ addressType: 'IPv4', ports: [{ name: '', port: far.port, protocol: 'TCP' }] },
      endpoints: [{ addresses: [far.host], conditions: { ready: true } }],
    });
    await reaches(entry, 'True', 'Passed');
    await usesFlunders(group, ns);
    expect(far.callers).toContain('kubernetes-admin');
    await changesEntry(entry, group);
    far.close();
    await reaches(entry, 'False', 'FailedDiscoveryCheck');
    const status = await refused('GET', `/apis/${group}/v1alpha1/namespaces/${ns}/flunders`);
    expect(status).toMatchObject({ code: 503, reason: 'ServiceUnavailable' });
  } finally {
    far.close();
    await ask('DELETE', `${services}?labelSelector=${encodeURIComponent(`conformance=${group}`)}`);
  }
  expect(await absent(entry)).toBe(true);
  await eventually('the group to go', () => absent(`/apis/${group}`));
});

/** Discovery, then objects, by plain requests and by kubectl. */
async function usesFlunders(group: string, ns: string): Promise<void> {
  const groups = await get<{ groups: { name: string }[] }>('/apis');
  expect(groups.groups.map(({ name }) => name)).toContain(group);
  expect(await get(`/apis/${group}/v1alpha1`)).toMatchObject({ resources: [{ name: 'flunders', kind: 'Flunder' }] });
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const { items } = await must<{ items: { metadata: { name: string } }[] }>('GET', '/apis', { headers: { accept } });
  expect(items.map(({ metadata }) => metadata.name)).toContain(group);
  const path = `/apis/${group}/v1alpha1/namespaces/${ns}/flunders`;
  const flunder = (name: string): object => ({
    ...{ apiVersion: `${group}/v1alpha1`, kind: 'Flunder', metadata: { name }, spec: {} },
  });
  expect(await create(path, flunder('one'))).toMatchObject({ kind: 'Flunder', metadata: { name: 'one' } });
  await create(path, flunder('two'));
  expect((await list(path)).items.map(({ metadata }) => metadata.name)).toEqual(['one', 'two']);
  expect(await cluster.kubectl('get', `flunders.v1alpha1.${group}`, '-n', ns, '-o', 'name')).toContain('/two');
  const { stdout } = await cluster.skiff('get', `flunders.${group}`, '-n', ns);
  expect(stdout).toMatch(/^NAME +\S.*\none +\S.*\ntwo +\S.*$/);
  const flunders = { group, version: 'v1alpha1', kind: 'Flunder', resource: 'flunders', namespaced: true };
  const found = await overGrpc((client) => client.resource(flunders).list({ namespace: ns }));
  expect(found.items).toMatchObject([{ kind: 'Flunder', metadata: { name: 'one' } }, { metadata: { name: 'two' } }]);
  await cluster.kubectl('delete', `flunders.v1alpha1.${group}`, 'two', '-n', ns, '--wait=false');
  expect((await list(path)).items.map(({ metadata }) => metadata.name)).toEqual(['one']);
  await remove(path);
  expect((await list(path)).items).toEqual([]);
}

/** The entry's own status and labels are anybody's to write; what the server says of it stays. */
async function changesEntry(entry: string, group: string): Promise<void> {
  const more = { type: 'StatusUpdated', status: 'True', reason: 'E2E', message: 'Set from a test' };
  const now: Thing = await get(`${entry}/status`);
  const conditions = [...(now.status.conditions as object[]), more];
  await must('PUT', `${entry}/status`, { body: { ...now, status: { conditions } } });
  expect((await get(entry)).status.conditions).toMatchObject([{ type: 'Available', status: 'True' }, more]);
  await merge(`${entry}/status`, { metadata: { annotations: { patched: 'yes' } } });
  await merge(entry, { metadata: { labels: { patched: 'yes' } } });
  const selected = `${services}?labelSelector=${encodeURIComponent(`patched=yes,conformance=${group}`)}`;
  expect((await list(selected)).items).toHaveLength(1);
  expect(await available(entry)).toMatchObject({ status: 'True', reason: 'Passed' });
}
