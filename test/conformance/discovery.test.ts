/** What the server says it serves, in all the forms that clients ask for. */
import { expect } from 'vitest';
import { createKind, kindOf } from './support/custom-kind.ts';
import { ask, get } from './support/rest.ts';
import { eventually, test } from './support/test.ts';

interface Group {
  name: string;
  versions: { groupVersion: string; version: string }[];
  preferredVersion: { groupVersion: string; version: string };
}

interface Aggregated {
  kind: string;
  apiVersion: string;
  items: {
    metadata: { name?: string };
    versions: { version: string; resources: { resource: string; responseKind: { kind: string } }[] }[];
  }[];
}

const accept = (version: string): string =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
const groups = async (): Promise<Group[]> => (await get<{ groups: Group[] }>('/apis')).groups;

/** The aggregated document, as `version` of its own group; what kubectl sends is a choice of all forms. */
async function aggregated(path: string, header: string): Promise<Aggregated> {
  const { status, headers, text } = await ask('GET', path, { headers: { accept: header } });
  expect(status).toBe(200);
  expect(headers['content-type']).toContain('as=APIGroupDiscoveryList');
  return JSON.parse(text) as Aggregated;
}

const names = ({ items }: Aggregated): string[] =>
  items.flatMap(({ metadata, versions }) =>
    versions.flatMap(({ version, resources }) =>
      resources.map(({ resource }) => `${metadata.name ?? ''}/${version}/${resource}`),
    ),
  );

const builtins = [
  'apps/v1/deployments',
  'batch/v1/cronjobs',
  'discovery.k8s.io/v1/endpointslices',
  'flowcontrol.apiserver.k8s.io/v1/flowschemas',
  'policy/v1/poddisruptionbudgets',
  'rbac.authorization.k8s.io/v1/clusterroles',
  'storage.k8s.io/v1/storageclasses',
];

test('C025 aggregated discovery names every built-in kind that the group lists name', async () => {
  const header = `${accept('v2')},${accept('v2beta1')},application/json`;
  const found = new Set([...names(await aggregated('/api', header)), ...names(await aggregated('/apis', header))]);
  const native = (await groups()).filter(({ name }) => !name.endsWith('example.com'));
  for (const { name, versions } of native) {
    for (const { groupVersion, version } of versions) {
      const { resources } = await get<{ resources: { name: string }[] }>(`/apis/${groupVersion}`);
      const plain = resources.filter((resource) => !resource.name.includes('/'));
      for (const resource of plain) expect(found).toContain(`${name}/${version}/${resource.name}`);
    }
  }
  for (const one of ['/v1/pods', '/v1/services', ...builtins]) expect(found).toContain(one);
});

test('C026 aggregated discovery names a new custom kind', async () => {
  const kind = kindOf();
  await createKind(kind);
  await eventually('the custom kind', async () =>
    names(await aggregated('/apis', accept('v2'))).includes(`${kind.group}/v1/${kind.plural}`),
  );
});

test('C027 both roots answer the Accept of aggregated discovery, v2 and v2beta1', async () => {
  for (const version of ['v2', 'v2beta1']) {
    const core = await aggregated('/api', accept(version));
    expect(core).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}` });
    expect(names(core)).toContain('/v1/configmaps');
    expect(names(await aggregated('/apis', accept(version)))).toEqual(expect.arrayContaining(builtins));
  }
  const { headers } = await ask('GET', '/apis', { headers: { accept: 'application/json' } });
  expect(headers['content-type']).toBe('application/json');
});

test('C028 the aggregated document of /apis has a new custom kind', async () => {
  const kind = kindOf();
  await createKind(kind);
  const found = await eventually('the custom kind', async () => {
    const { items } = await aggregated('/apis', accept('v2'));
    return items.find(({ metadata }) => metadata.name === kind.group);
  });
  expect(found.versions).toMatchObject([
    {
      version: 'v1',
      resources: [{ resource: kind.plural, responseKind: { group: kind.group, version: 'v1', kind: kind.kind } }],
    },
  ]);
});

test('C037 discovery shows CustomResourceDefinition at every level', async () => {
  const version = { groupVersion: 'apiextensions.k8s.io/v1', version: 'v1' };
  const group = (await groups()).find(({ name }) => name === 'apiextensions.k8s.io');
  expect(group?.versions).toContainEqual(version);
  expect((await get<Group & Record<string, unknown>>('/apis/apiextensions.k8s.io')).versions).toContainEqual(version);
  const { resources } = await get<{ resources: object[] }>('/apis/apiextensions.k8s.io/v1');
  expect(resources).toContainEqual(
    expect.objectContaining({ name: 'customresourcedefinitions', kind: 'CustomResourceDefinition', namespaced: false }),
  );
});

test('C047 every discovered version has a list of usable resources that names it', async () => {
  for (const { versions } of (await groups()).filter(({ name }) => !name.endsWith('example.com'))) {
    for (const { groupVersion } of versions) {
      const list = await get<{ groupVersion: string; resources: { verbs: string[] }[] }>(`/apis/${groupVersion}`);
      expect(list.groupVersion).toBe(groupVersion);
      expect(list.resources.some(({ verbs }) => verbs.length > 0)).toBe(true);
    }
  }
});

test('C048 every discovered group prefers a version that it has', async () => {
  for (const { versions, preferredVersion } of await groups()) expect(versions).toContainEqual(preferredVersion);
});

test('C014 discovery shows both kinds of webhook configuration', async () => {
  const version = { groupVersion: 'admissionregistration.k8s.io/v1', version: 'v1' };
  const group = (await groups()).find(({ name }) => name === 'admissionregistration.k8s.io');
  expect(group?.versions).toContainEqual(version);
  expect((await get<Group & Record<string, unknown>>('/apis/admissionregistration.k8s.io')).versions).toContainEqual(
    version,
  );
  const { resources } = await get<{ resources: { name: string }[] }>('/apis/admissionregistration.k8s.io/v1');
  const plurals = resources.map(({ name }) => name);
  expect(plurals).toEqual(expect.arrayContaining(['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']));
});

test('C093 the version has whole numbers', async () => {
  const { major, minor } = await get<{ major: string; minor: string }>('/version');
  expect(major).toMatch(/^\d+$/);
  expect(minor).toMatch(/^\d+$/);
});
