/** Custom kinds in OpenAPI, and what kubectl makes of it. */
import { expect } from 'vitest';
import { cluster } from '../e2e/cluster.ts';
import {
  type CustomKind,
  createKind,
  definitionOf,
  definitionPath,
  kindOf,
  objectOf,
  objectsOf,
} from './support/custom-kind.ts';
import { get, merge, remove } from './support/rest.ts';
import { eventually, test } from './support/test.ts';

/** Names as OpenAPI v2 has them: the group's parts the other way round. */
const definitionName = ({ group, kind }: CustomKind, version: string): string =>
  `${group.split('.').toReversed().join('.')}.${version}.${kind}`;

const published = async (): Promise<Set<string>> =>
  new Set(Object.keys((await get<{ definitions: object }>('/openapi/v2')).definitions));

/** Waits until OpenAPI has the first definitions, and none of the others. */
const publishes = (has: readonly string[], hasNot: readonly string[] = []): Promise<boolean> =>
  eventually(`OpenAPI with ${has}, without ${hasNot}`, async () => {
    const names = await published();
    return has.every((name) => names.has(name)) && hasNot.every((name) => !names.has(name));
  });

const changeVersions = (kind: CustomKind, versions: CustomKind['versions']): Promise<unknown> =>
  merge(definitionPath(kind), {
    spec: { versions: (definitionOf({ ...kind, versions }).spec as { versions: object[] }).versions },
  });

const schema = { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } };

test('C038 OpenAPI loses a version that is not served any more, and keeps the other', async () => {
  const kind = kindOf({
    versions: [
      { name: 'v1', schema },
      { name: 'v2', schema },
    ],
  });
  await createKind(kind);
  const [v1, v2] = [definitionName(kind, 'v1'), definitionName(kind, 'v2')];
  await publishes([v1, v2]);
  await changeVersions(kind, [
    { name: 'v1', schema },
    { name: 'v2', schema, served: false },
  ]);
  await publishes([v1], [v2]);
  await remove(definitionPath(kind));
});

test('C039 OpenAPI follows a version that was renamed', async () => {
  const kind = kindOf({
    versions: [
      { name: 'v1', schema },
      { name: 'v2', schema },
    ],
  });
  await createKind(kind);
  const [v1, v2, v3] = ['v1', 'v2', 'v3'].map((version) => definitionName(kind, version)) as [string, string, string];
  await publishes([v1, v2], [v3]);
  await changeVersions(kind, [
    { name: 'v1', schema },
    { name: 'v3', schema },
  ]);
  await publishes([v1, v3], [v2]);
  await remove(definitionPath(kind));
});

async function publishesAll(kinds: readonly CustomKind[]): Promise<void> {
  for (const kind of kinds) await createKind(kind);
  await publishes(kinds.flatMap((kind) => kind.versions.map(({ name }) => definitionName(kind, name))));
  for (const kind of kinds) await remove(definitionPath(kind));
}

test('C044 OpenAPI holds custom kinds of two groups', () => publishesAll([kindOf(), kindOf()]));
test('C045 OpenAPI holds two custom kinds of one version', () => {
  const first = kindOf();
  return publishesAll([first, { ...first, plural: 'gadgets', kind: 'Gadget' }]);
});
test('C046 OpenAPI holds two versions of one custom group', () =>
  publishesAll([kindOf({ versions: [{ name: 'v1' }, { name: 'v2' }] })]));

/** kubectl's own validation, as the test needs it: against what OpenAPI says. */
const kubectl = (ns: string, verb: string, object: object) =>
  cluster.tryKubectl([verb, '-n', ns, '--validate=strict', '-f', '-'], JSON.stringify(object));

async function accepts(ns: string, object: object): Promise<void> {
  for (const verb of ['create', 'apply']) {
    const { exitCode, stderr } = await kubectl(ns, verb, object);
    expect({ exitCode, stderr: stderr.replace(/^Warning: resource .*$/m, '').trim() }).toEqual({
      exitCode: 0,
      stderr: '',
    });
  }
}

const explains = (kind: CustomKind, path: string, wanted: RegExp): Promise<unknown> =>
  eventually(`an explanation like ${wanted}`, async () => {
    const shown = await cluster.kubectl('explain', `${kind.plural}${path}`, `--api-version=${kind.group}/v1`);
    expect(shown).toMatch(wanted);
    return true;
  });

const keeps = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

test('C040 unknown fields at the root of a kind that keeps them pass kubectl, and explain knows the kind', async ({
  ns,
}) => {
  const kind = kindOf({
    plural: 'rootkeepers',
    kind: 'RootKeeper',
    versions: [{ name: 'v1', schema: { ...schema, ...keeps } }],
  });
  await createKind(kind);
  await accepts(ns, objectOf(kind, 'a', { anything: { goes: 1 } }));
  expect(await get(`${objectsOf(kind, ns)}/a`)).toMatchObject({ anything: { goes: 1 } });
  await explains(kind, '', /^KIND: +RootKeeper$/m);
  await remove(definitionPath(kind));
});

test('C041 unknown fields in a nested object that keeps them pass kubectl, and explain describes it', async ({
  ns,
}) => {
  const spec = { ...keeps, description: 'What is wanted.' };
  const nested = { type: 'object', properties: { spec } };
  const kind = kindOf({ plural: 'nestkeepers', kind: 'NestKeeper', versions: [{ name: 'v1', schema: nested }] });
  await createKind(kind);
  await accepts(ns, objectOf(kind, 'a', { spec: { anything: { goes: 1 } } }));
  await explains(kind, '.spec', /What is wanted\./);
  await remove(definitionPath(kind));
});

test('C042 kubectl refuses unknown and missing properties of a full schema, and explain walks down it', async ({
  ns,
}) => {
  const items = {
    type: 'object',
    required: ['name'],
    properties: { name: { type: 'string', description: 'How it is called.' }, age: { type: 'string' } },
  };
  const full = {
    type: 'object',
    properties: {
      spec: { type: 'object', properties: { bars: { type: 'array', description: 'All of them.', items } } },
    },
  };
  const kind = kindOf({ plural: 'fulls', kind: 'Full', versions: [{ name: 'v1', schema: full }] });
  await createKind(kind);
  await publishes([definitionName(kind, 'v1')]);
  await accepts(ns, objectOf(kind, 'good', { spec: { bars: [{ name: 'a', age: '1' }] } }));
  const unknown = await kubectl(
    ns,
    'create',
    objectOf(kind, 'bad', { spec: { bars: [{ name: 'a', colour: 'red' }] } }),
  );
  expect(unknown.exitCode).toBe(1);
  expect(unknown.stderr).toContain('unknown field "spec.bars[0].colour"');
  const missing = await kubectl(ns, 'create', objectOf(kind, 'bad', { spec: { bars: [{ age: '1' }] } }));
  expect(missing.exitCode).toBe(1);
  expect(missing.stderr).toContain('spec.bars[0].name: Required value');
  await explains(kind, '.spec', /All of them\./);
  await explains(kind, '.spec.bars', /How it is called\./);
  const none = await cluster.tryKubectl(['explain', `${kind.plural}.spec.none`, `--api-version=${kind.group}/v1`]);
  expect(none.stderr).toContain('field "none" does not exist');
  await remove(definitionPath(kind));
});

test('C043 kubectl takes any property of a kind without schema, and explain prints it', async ({ ns }) => {
  const kind = kindOf({ plural: 'plains', kind: 'Plain' });
  await createKind(kind);
  await accepts(ns, objectOf(kind, 'a', { anything: { goes: 1 }, spec: 7 }));
  await explains(kind, '', /^DESCRIPTION:$/m);
  await remove(definitionPath(kind));
});
