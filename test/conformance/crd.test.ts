/** CustomResourceDefinitions and the objects of their kinds. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { cluster } from '../e2e/cluster.ts';
import {
  createKind,
  definitionOf,
  definitionPath,
  definitions,
  isEstablished,
  kindOf,
  objectOf,
  objectsOf,
} from './support/custom-kind.ts';
import { absent, create, get, list, merge, remove, replace } from './support/rest.ts';
import { eventually, test, unique } from './support/test.ts';
import { brief, watch } from './support/watch.ts';

test('C032 a watch of custom objects sees them come, change and go', async ({ ns }) => {
  const kind = kindOf();
  await createKind(kind);
  const path = objectsOf(kind, ns);
  const events = await watch(path);
  for (const name of ['a', 'b']) await create(path, objectOf(kind, name));
  await merge(`${path}/a`, { spec: { turn: 1 } });
  await remove(`${path}/b`);
  await remove(`${path}/a`);
  expect((await events.take(5)).map(brief)).toEqual(['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED b', 'DELETED a']);
  events.close();
  await remove(definitionPath(kind));
});

test('skiff applies a definition with its objects in one go, and shows them', async ({ ns }) => {
  const kind = kindOf();
  const folder = await mkdtemp(join(tmpdir(), 'skiff-apply-'));
  const file = join(folder, 'all.json');
  const items = [objectOf(kind, 'a', { metadata: { name: 'a', namespace: ns } }), definitionOf(kind)];
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const label = `widget.${kind.group}/a`;
  expect(await cluster.skiff('apply', '-f', file)).toMatchObject({
    exitCode: 0,
    stdout: `customresourcedefinition.apiextensions.k8s.io/${kind.plural}.${kind.group} applied\n${label} applied`,
  });
  const shown = await cluster.skiff('get', `configmaps,${kind.plural}.${kind.group}`, '-n', ns);
  expect(shown.stdout).toMatch(new RegExp(`^NAME +DATA +AGE\n(.|\n)*\n\nNAME +AGE\n${label} +\\S+$`));
  expect(await cluster.skiff('delete', '-f', file)).toMatchObject({ exitCode: 0 });
  await eventually('the definition to be gone', () => absent(definitionPath(kind)));
  expect(await cluster.skiff('get', `${kind.plural}.${kind.group}`, '-n', ns)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(`error: the server doesn't have a resource type "${kind.plural}.${kind.group}"`),
  });
  await rm(folder, { recursive: true });
});

test('C033 a definition is created, established and deleted', async () => {
  const kind = kindOf();
  await createKind(kind);
  expect(isEstablished(await get(definitionPath(kind)))).toBe(true);
  await remove(definitionPath(kind));
  await eventually('the definition to be gone', () => absent(definitionPath(kind)));
  await eventually('its objects to be unknown', () => absent(`/apis/${kind.group}/v1/${kind.plural}`));
});

test('C034 the status of a definition is read, replaced and patched on its own', async () => {
  const kind = kindOf();
  await createKind(kind);
  const path = `${definitionPath(kind)}/status`;
  const condition = (type: string) => ({ type, status: 'True', reason: 'Tested', message: 'by a test' });
  const replaced = await eventually('a replaced status', async () => {
    const { status, ...rest } = await get(path);
    const conditions = [...(status.conditions as object[]), condition('Replaced')];
    return replace(path, { ...rest, spec: { ...rest.spec, scope: 'Cluster' }, status: { ...status, conditions } });
  });
  expect(replaced.spec).toMatchObject({ scope: 'Namespaced' });
  const conditions = [...(replaced.status.conditions as object[]), condition('Patched')];
  await merge(path, { status: { conditions } });
  const types = ((await get(path)).status.conditions as { type: string }[]).map(({ type }) => type);
  expect(types).toEqual(expect.arrayContaining(['Established', 'NamesAccepted', 'Replaced', 'Patched']));
  await remove(definitionPath(kind));
});

test('C035 ten definitions are listed and deleted by label, and no other', async () => {
  const label = unique('label');
  const labelled = Array.from({ length: 10 }, () => kindOf());
  const other = kindOf();
  for (const kind of labelled) {
    const definition = definitionOf(kind);
    await create(definitions, {
      ...definition,
      metadata: { name: `${kind.plural}.${kind.group}`, labels: { conformance: label } },
    });
  }
  await createKind(other);
  const selected = `${definitions}?labelSelector=conformance%3D${label}`;
  const names = (await list(selected)).items.map(({ metadata }) => metadata.name);
  expect(names.sort()).toEqual(labelled.map(({ plural, group }) => `${plural}.${group}`).sort());
  await remove(selected);
  await eventually('the ten to be gone', async () => (await list(selected)).items.length === 0);
  expect(await absent(definitionPath(other))).toBe(false);
  await remove(definitionPath(other));
});

test('C036 defaults fill requests and stored objects; one that was stored outlives its rule', async ({ ns }) => {
  const schema = (properties: object): object => ({ type: 'object', properties });
  const a = { type: 'string', default: 'A' };
  const b = { type: 'string', default: 'B' };
  const plain = { type: 'string' };
  const kind = kindOf({ versions: [{ name: 'v1', schema: schema({ a: plain, b: plain }) }] });
  await createKind(kind);
  const path = objectsOf(kind, ns);
  const follow = async (properties: object, probe: object, wanted: object): Promise<void> => {
    const versions = [{ name: 'v1', schema: schema(properties) }];
    await merge(definitionPath(kind), {
      spec: { versions: (definitionOf({ ...kind, versions }).spec as { versions: object[] }).versions },
    });
    await eventually('the new schema', async () => {
      const name = unique('probe');
      const made = await create(`${path}?dryRun=All`, objectOf(kind, name, probe));
      expect(made).toMatchObject(wanted);
      return true;
    });
  };
  await create(path, objectOf(kind, 'early'));
  expect(await get(`${path}/early`)).not.toHaveProperty('a');
  await follow({ a, b: plain }, {}, { a: 'A' });
  expect(await get(`${path}/early`)).toMatchObject({ a: 'A' });
  expect(await create(path, objectOf(kind, 'filled'))).toMatchObject({ a: 'A' });
  await follow({ a: plain, b }, {}, { b: 'B' });
  expect(await get(`${path}/filled`)).toMatchObject({ a: 'A', b: 'B' });
  const early = await get(`${path}/early`);
  expect(early).toMatchObject({ b: 'B' });
  expect(early).not.toHaveProperty('a');
  await remove(definitionPath(kind));
});
