/** One resource through every verb: discovery, create, get, list, watch, patch, update, status, delete, delete-many. */
import { expect } from 'vitest';
import { absent, change, create, get, list, merge, must, remove } from './rest.ts';
import type { Fields, Thing } from './shapes.ts';
import { eventually, unique } from './test.ts';
import { watch } from './watch.ts';

export interface Resource {
  /** `storage.k8s.io/v1`, or `v1`. */
  readonly groupVersion: string;
  readonly resource: string;
  readonly kind: string;
  /** Undefined for a cluster's resource. */
  readonly ns?: string;
  /** All but the metadata. */
  readonly fields: object;
  /** A change of the fields that a merge patch makes. */
  readonly change?: Fields;
  /** A status to write: none without the subresource. */
  readonly status?: Fields;
  /** Adds to the name, where the kind has rules for it. */
  readonly name?: (unique: string) => string;
}

export const collectionOf = ({ groupVersion, resource, ns }: Resource): string =>
  `${rootOf(groupVersion)}${ns === undefined ? '' : `/namespaces/${ns}`}/${resource}`;

const rootOf = (groupVersion: string): string =>
  groupVersion.includes('/') ? `/apis/${groupVersion}` : `/api/${groupVersion}`;

/** Discovery names the resource, its kind, its verbs, and its status where it has one. */
export async function isDiscovered({ groupVersion, resource, kind, ns, status }: Resource): Promise<void> {
  const [group = '', version] = groupVersion.split('/');
  if (version !== undefined) {
    const { groups } = await get<{ groups: { name: string; versions: unknown[] }[] }>('/apis');
    expect(groups.find(({ name }) => name === group)?.versions).toContainEqual({ groupVersion, version });
    expect(await get(`/apis/${group}`)).toMatchObject({ kind: 'APIGroup', name: group });
  }
  const { resources } = await get<{ resources: { name: string; verbs: string[] }[] }>(rootOf(groupVersion));
  const found = resources.find(({ name }) => name === resource);
  expect(found).toMatchObject({ kind, namespaced: ns !== undefined });
  expect([...(found?.verbs ?? [])].sort()).toEqual([
    'create',
    'delete',
    'deletecollection',
    'get',
    'list',
    'patch',
    'update',
    'watch',
  ]);
  if (status !== undefined) {
    const verbs = [...(resources.find(({ name }) => name === `${resource}/status`)?.verbs ?? [])].sort();
    expect(verbs).toEqual(['get', 'patch', 'update']);
  }
}

/** Takes objects of the resource through every verb, with a watch beside. */
export async function takesEveryVerb(resource: Resource): Promise<void> {
  const path = collectionOf(resource);
  const label = unique('verbs');
  const selector = `labelSelector=conformance%3D${label}`;
  const named = (suffix: string): object => ({
    apiVersion: resource.groupVersion,
    kind: resource.kind,
    metadata: {
      name: (resource.name ?? ((name: string) => name))(`${label}-${suffix}`),
      labels: { conformance: label },
    },
    ...resource.fields,
  });
  const { metadata } = await list(`${path}?${selector}`);
  const events = await watch(path, `${selector}&resourceVersion=${metadata.resourceVersion}`);
  const created = await create(path, named('one'));
  expect(created).toMatchObject(resource.fields);
  const one = `${path}/${created.metadata.name}`;
  const read = await get(one);
  expect(read).toMatchObject(resource.fields);
  expect(read.metadata.uid).toBe(created.metadata.uid);
  await isListed(resource, selector, created);

  const patched = await merge(one, { metadata: { annotations: { patched: 'true' } }, ...resource.change });
  expect(patched).toMatchObject({ metadata: { annotations: { patched: 'true' } }, ...resource.change });
  const updated = await change(one, (current) => ({
    ...current,
    metadata: { ...current.metadata, annotations: { patched: 'true', updated: 'true' } },
  }));
  expect(updated.metadata.annotations).toMatchObject({ patched: 'true', updated: 'true' });
  if (resource.status !== undefined) await keepsStatus(one, resource.status);
  await remove(one);
  await eventually(`${one} to be gone`, () => absent(one));
  const isUpdate = ({ type, object }: { type: string; object: Thing }): boolean =>
    type === 'MODIFIED' && object.metadata.annotations?.updated === 'true';
  await events.until('the creation', ({ type }) => type === 'ADDED');
  await events.until('the update', isUpdate);
  await events.until('the deletion', ({ type }) => type === 'DELETED');
  events.close();

  for (const suffix of ['two', 'three']) await create(path, named(suffix));
  const other = await create(path, { ...named('four'), metadata: { name: created.metadata.name } });
  await remove(`${path}?${selector}`);
  await eventually('the selected to be gone', async () => (await list(`${path}?${selector}`)).items.length === 0);
  expect((await get(`${path}/${other.metadata.name}`)).metadata.uid).toBe(other.metadata.uid);
  await remove(`${path}/${other.metadata.name}`);
}

/** By its label; in all namespaces too, when it lives in one. */
async function isListed(
  { groupVersion, resource, ns, ...rest }: Resource,
  selector: string,
  one: Thing,
): Promise<void> {
  const places = [collectionOf({ groupVersion, resource, ns, ...rest }), `${rootOf(groupVersion)}/${resource}`];
  for (const place of new Set(places)) {
    const { kind, items } = await list(`${place}?${selector}`);
    expect(kind).toBe(`${rest.kind}List`);
    expect(items.map(({ metadata }) => metadata.uid)).toEqual([one.metadata.uid]);
  }
}

/** The status subresource takes a patch and an update, and leaves the rest alone. */
async function keepsStatus(one: string, status: Fields): Promise<void> {
  const patched = await must('PATCH', `${one}/status`, {
    body: { status },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  expect(patched).toMatchObject({ status });
  const updated = await change(`${one}/status`, (current) => ({ ...current, status }));
  expect(updated).toMatchObject({ status });
}
