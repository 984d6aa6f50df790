import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configMap, deployment } from './fixtures.ts';
import {
  type Caller,
  createMemoryRegistry,
  type MemoryRegistry,
  statusOf,
  target,
  testContext,
  writeOptions,
} from './testing.ts';

let memory: MemoryRegistry;
let call: Caller;
beforeEach(async () => {
  memory = await createMemoryRegistry();
  call = memory.call;
  await call.create('apps/v1/deployments', 'default', deployment('web'));
});
afterEach(() => memory.close());

const web = (type: 'json' | 'merge' | 'strategic', patch: unknown) =>
  call.patch('apps/v1/deployments', 'default', 'web', type, patch);

const containers = (object: JsonObject): unknown =>
  (((object.spec as JsonObject).template as JsonObject).spec as JsonObject).containers;

describe('patch', () => {
  test('json', async () => {
    expect((await web('json', [{ op: 'replace', path: '/spec/replicas', value: 4 }])).spec).toMatchObject({
      replicas: 4,
    });
  });

  test('merge replaces lists', async () => {
    const patched = await web('merge', {
      spec: { template: { spec: { containers: [{ name: 'other', image: 'x:1' }] } } },
    });
    expect(containers(patched)).toMatchObject([{ name: 'other' }]);
  });

  test('strategic merges lists by their keys', async () => {
    const patched = await web('strategic', {
      spec: {
        template: {
          spec: {
            containers: [
              { name: 'main', image: 'web:2' },
              { name: 'side', image: 'x:1' },
            ],
          },
        },
      },
    });
    expect(containers(patched)).toMatchObject([
      { name: 'main', image: 'web:2', terminationMessagePath: '/dev/termination-log' },
      { name: 'side', image: 'x:1', imagePullPolicy: 'IfNotPresent' },
    ]);
  });

  test('strategic knows its object’s type, whatever the patch says', async () => {
    const wrong = { apiVersion: 'v1', kind: 'Scale', spec: { replicas: 5 } };
    expect(await web('strategic', wrong)).toMatchObject({ kind: 'Deployment', spec: { replicas: 5 } });
    const scale = await call.patch('apps/v1/deployments/scale', 'default', 'web', 'strategic', {
      kind: 'Deployment',
      spec: { replicas: 6 },
    });
    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 6 } });
    expect(await statusOf(web('merge', wrong))).toMatchObject({
      code: 422,
      message: expect.stringMatching(
        /^ "" is invalid: patch: Invalid value: "\{.*\}": no kind "Scale" is registered for version "v1" in scheme "/,
      ),
    });
  });

  test('strategic with retained keys changes the strategy whole', async () => {
    const patched = await web('strategic', { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } });
    expect((patched.spec as JsonObject).strategy).toEqual({ type: 'Recreate' });
  });

  test('a patched object may leave out its kind, not its version, and is of no other type', async () => {
    expect(await web('merge', { kind: null })).toMatchObject({ kind: 'Deployment' });
    expect(await web('json', [{ op: 'remove', path: '/kind' }])).toMatchObject({ kind: 'Deployment' });
    expect(await statusOf(web('merge', { apiVersion: null }))).toMatchObject({
      code: 400,
      message: 'the name of the object (web based on URL) was undeterminable: name must be provided',
    });
    expect(await statusOf(web('merge', { kind: 'StatefulSet' }))).toMatchObject({
      code: 422,
      message: expect.stringContaining('": converting (v1.StatefulSet) to (apps.Deployment): unknown conversion'),
    });
  });

  test.each(['merge', 'strategic', 'json'] as const)('%s cannot change the uid', async (type) => {
    const patch = type === 'json' ? [{ op: 'replace', path: '/metadata/uid', value: 'x' }] : { metadata: { uid: 'x' } };
    expect(await statusOf(web(type, patch))).toMatchObject({
      code: 422,
      message: 'Deployment.apps "web" is invalid: metadata.uid: Invalid value: "x": field is immutable',
    });
    const none = type === 'json' ? [{ op: 'remove', path: '/metadata/uid' }] : { metadata: { uid: null } };
    expect(await web(type, none)).toMatchObject({ metadata: { uid: expect.any(String) } });
  });

  test('nothing changes nothing, but is no merge patch', async () => {
    const before = await call.get('apps/v1/deployments', 'default', 'web');
    expect(await web('strategic', null)).toEqual(before);
    expect(await web('json', null)).toEqual(before);
    expect(await statusOf(web('merge', null))).toMatchObject({ code: 400, message: 'Invalid JSON Patch' });
    const applied = call.apply('apps/v1/deployments', 'default', 'web', null as unknown as JsonObject, 'one');
    expect(await statusOf(applied)).toMatchObject({ code: 400, message: 'invalid object type: /, Kind=' });
  });

  test('an absent object is not found', async () => {
    expect(await statusOf(call.patch('configmaps', 'default', 'c', 'merge', {}))).toMatchObject({
      code: 404,
      message: 'configmaps "c" not found',
    });
  });

  test('a patch that carries an old resourceVersion is refused', async () => {
    expect(await statusOf(web('merge', { metadata: { resourceVersion: '1' } }))).toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
  });

  test.each<[string, 'json' | 'merge' | 'strategic', unknown, object]>([
    ['a failed test', 'json', [{ op: 'test', path: '/spec/replicas', value: 9 }], { code: 422, reason: 'Invalid' }],
    [
      'a wrong type',
      'merge',
      { spec: { replicas: 'many' } },
      { code: 422, reason: 'Invalid', message: expect.stringContaining('patch: Invalid value: ') },
    ],
    [
      'a wrong type that a strategic patch brings',
      'strategic',
      { spec: { replicas: 'many' } },
      {
        code: 422,
        message: ' "" is invalid: patch: Invalid value: "map[spec:map[replicas:many]]": unrecognized type: int32',
      },
    ],
    [
      'an unknown field',
      'merge',
      { spec: { foo: 1 } },
      { code: 422, message: expect.stringContaining('strict decoding error: unknown field "spec.foo"') },
    ],
    ['another name', 'merge', { metadata: { name: 'other' } }, { code: 400 }],
    ['a list for an object', 'merge', [1], { code: 400, reason: 'BadRequest' }],
    ['a patch that is no list', 'json', {}, { code: 400, reason: 'BadRequest' }],
    [
      'a malformed directive',
      'strategic',
      { spec: { $patch: 'nonsense' } },
      { code: 400, message: expect.stringContaining('unknown patch type') },
    ],
    [
      'too many operations',
      'json',
      Array.from({ length: 10_001 }, () => ({ op: 'test', path: '', value: 1 })),
      { code: 413, reason: 'RequestEntityTooLarge' },
    ],
    [
      'an immutable selector',
      'merge',
      { spec: { selector: { matchLabels: { app: 'x' } }, template: { metadata: { labels: { app: 'x' } } } } },
      { code: 422, message: expect.stringContaining('field is immutable') },
    ],
  ])('refuses %s', async (_, type, patch, expected) => {
    expect(await statusOf(web(type, patch))).toMatchObject(expected);
  });

  test('of unknown fields Warn tells and Ignore does not', async () => {
    for (const [fieldValidation, told] of [
      ['Warn', ['unknown field "spec.foo"']],
      ['Ignore', []],
    ] as const) {
      const context = testContext();
      await memory.registry.patch(
        context,
        target('apps/v1/deployments', 'default', 'web'),
        { type: 'strategic', patch: { spec: { foo: 1 } }, duplicates: [], force: false },
        writeOptions({ fieldValidation }),
      );
      expect(context.warnings).toEqual(told);
    }
  });

  test('a patch that changes nothing writes nothing', async () => {
    const before = await memory.store.revision();
    await web('merge', { spec: { replicas: 1 } });
    expect(await memory.store.revision()).toBe(before);
  });

  test('text that joins a Secret is encoded, by whatever patch it comes', async () => {
    await call.create('secrets', 'default', { metadata: { name: 's' }, stringData: { a: 'x' } });
    const patched = await call.patch('secrets', 'default', 's', 'merge', { stringData: { b: 'yé' } });
    expect(patched.data).toEqual({ a: 'eA==', b: Buffer.from('yé').toString('base64') });
    expect(patched).not.toHaveProperty('stringData');
    expect(patched.type).toBe('Opaque');
  });

  test('a prototype cannot be reached', async () => {
    await call.create('configmaps', 'default', configMap('c'));
    const patch = JSON.parse('{"__proto__":{"polluted":"1"},"data":{"__proto__":{"polluted":"1"}}}');
    await statusOf(call.patch('configmaps', 'default', 'c', 'merge', patch));
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});
