/** Strict field validation, as kubectl asks for it. */
import { expect } from 'vitest';
import { type CustomKind, createKind, definitionPath, kindOf, objectOf, objectsOf } from './support/custom-kind.ts';
import { create, must, refused, remove } from './support/rest.ts';
import { test } from './support/test.ts';

const strict = (path: string): string => `${path}?fieldValidation=Strict`;

/** Server-side apply of an object, strictly. */
const apply = (path: string, object: object): [string, string, { body: object; headers: Record<string, string> }] => [
  'PATCH',
  `${strict(path)}&fieldManager=conformance`,
  { body: object, headers: { 'content-type': 'application/apply-patch+yaml' } },
];

const spec = { type: 'object', properties: { size: { type: 'integer' }, name: { type: 'string' } } };
const embedded = {
  type: 'object',
  'x-kubernetes-embedded-resource': true,
  'x-kubernetes-preserve-unknown-fields': true,
};
const structural: CustomKind['versions'] = [{ name: 'v1', schema: { type: 'object', properties: { spec, embedded } } }];

test('C049 strict validation lets unknown fields pass where a kind has no schema', async ({ ns }) => {
  const kind = kindOf();
  await createKind(kind);
  const path = objectsOf(kind, ns);
  expect(await create(strict(path), objectOf(kind, 'made', { anything: { goes: 1 } }))).toMatchObject({
    anything: { goes: 1 },
  });
  const applied = await must(...apply(`${path}/applied`, objectOf(kind, 'applied', { anything: { goes: 2 } })));
  expect(applied).toMatchObject({ anything: { goes: 2 } });
  await remove(definitionPath(kind));
});

test('C050 strict validation lets a valid custom object be created and applied', async ({ ns }) => {
  const kind = kindOf({ versions: structural });
  await createKind(kind);
  const path = objectsOf(kind, ns);
  await create(strict(path), objectOf(kind, 'made', { spec: { size: 1 } }));
  const applied = await must(...apply(`${path}/applied`, objectOf(kind, 'applied', { spec: { size: 2 } })));
  expect(applied.spec).toEqual({ size: 2 });
  await remove(definitionPath(kind));
});

test('C051 strict validation names the unknown field of a custom object', async ({ ns }) => {
  const kind = kindOf({ versions: structural });
  await createKind(kind);
  const path = objectsOf(kind, ns);
  const wrong = objectOf(kind, 'wrong', { spec: { size: 1, colour: 'red' } });
  const created = await refused('POST', strict(path), { body: wrong });
  expect(created).toMatchObject({ code: 400, reason: 'BadRequest' });
  expect(created.message).toContain('strict decoding error: unknown field "spec.colour"');
  const applied = await refused(...apply(`${path}/wrong`, wrong));
  expect(applied.message).toContain('.spec.colour: field not declared in schema');
  await remove(definitionPath(kind));
});

test('C052 strict validation refuses a repeated key of a custom object that keeps unknown fields', async ({ ns }) => {
  const kind = kindOf();
  await createKind(kind);
  const body = JSON.stringify(objectOf(kind, 'wrong', { spec: { size: 1 } })).replace('"size":1', '"size":1,"size":2');
  const status = await refused('POST', strict(objectsOf(kind, ns)), { body });
  expect(status.message).toContain('strict decoding error: duplicate field "spec.size"');
  const yaml = `apiVersion: ${kind.group}/v1\nkind: ${kind.kind}\nmetadata:\n  name: wrong\nspec:\n  size: 1\n  size: 2\n`;
  const applied = await refused('PATCH', `${strict(`${objectsOf(kind, ns)}/wrong`)}&fieldManager=conformance`, {
    body: yaml,
    headers: { 'content-type': 'application/apply-patch+yaml' },
  });
  expect(applied.message).toContain('key "size" already set in map');
  await remove(definitionPath(kind));
});

const deployment = (ns: string): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'wrong', namespace: ns },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'a' } },
    template: {
      metadata: { labels: { app: 'a' } },
      spec: { containers: [{ name: 'main', image: 'skiff/busybox:1' }] },
    },
  },
});

test('C053 strict validation refuses unknown and repeated fields of a built-in kind', async ({ ns }) => {
  const body = JSON.stringify(deployment(ns)).replace('"replicas":0', '"replicas":0,"replicas":1,"colour":"red"');
  const path = `/apis/apps/v1/namespaces/${ns}/deployments`;
  const { code, message } = await refused('POST', strict(path), { body });
  expect(code).toBe(400);
  expect(message).toContain('strict decoding error');
  expect(message).toContain('duplicate field "spec.replicas"');
  expect(message).toContain('unknown field "spec.colour"');
});

test('C054 strict validation refuses unknown metadata of a custom object, also of an embedded one', async ({ ns }) => {
  const kind = kindOf({ versions: structural });
  await createKind(kind);
  const inner = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'inner', colour: 'red' } };
  const body = { ...objectOf(kind, 'wrong', { embedded: inner }), metadata: { name: 'wrong', colour: 'red' } };
  const { message } = await refused('POST', strict(objectsOf(kind, ns)), { body });
  expect(message).toContain('unknown field "metadata.colour"');
  expect(message).toContain('unknown field "embedded.metadata.colour"');
  await remove(definitionPath(kind));
});

test('C055 strict validation refuses unknown metadata of a built-in kind', async ({ ns }) => {
  const body = { ...deployment(ns), metadata: { name: 'wrong', colour: 'red' } };
  const { message } = await refused('POST', strict(`/apis/apps/v1/namespaces/${ns}/deployments`), { body });
  expect(message).toContain('strict decoding error: unknown field "metadata.colour"');
});
