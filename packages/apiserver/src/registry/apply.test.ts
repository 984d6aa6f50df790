import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { objectsAt, textAt } from '../patch/values.ts';
import { deployment } from './fixtures.ts';
import { resourceVersionOf } from './meta.ts';
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
});
afterEach(() => memory.close());

const deployments = 'apps/v1/deployments';
const config = (spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject => ({
  ...deployment('web', spec),
  metadata: { name: 'web', ...metadata },
});
const apply = (object: JsonObject, manager: string, force = false) =>
  call.apply(deployments, 'default', 'web', object, manager, force);
const map = (data: JsonObject): JsonObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data });
const applyMap = (data: JsonObject, manager: string, force = false) =>
  call.apply('configmaps', 'default', 'c', map(data), manager, force);

const managers = (object: JsonObject): string[] =>
  objectsAt(object, 'metadata', 'managedFields').map(
    (each) => `${textAt(each, 'operation')} ${textAt(each, 'manager')}`,
  );
const fieldsOf = (object: JsonObject, manager: string, operation = 'Apply'): unknown =>
  objectsAt(object, 'metadata', 'managedFields').find(
    (each) => textAt(each, 'manager') === manager && textAt(each, 'operation') === operation,
  )?.fieldsV1;

describe('apply', () => {
  test('creates, and owns exactly what it says', async () => {
    const made = await apply(config({ replicas: 2 }), 'one');
    expect(made.spec).toMatchObject({ replicas: 2, revisionHistoryLimit: 10 });
    expect(managers(made)).toEqual(['Apply one']);
    expect(fieldsOf(made, 'one')).toEqual({
      'f:spec': {
        'f:replicas': {},
        'f:selector': {},
        'f:template': {
          'f:metadata': { 'f:labels': { 'f:app': {} } },
          'f:spec': {
            'f:containers': { 'k:{"name":"main"}': { '.': {}, 'f:image': {}, 'f:name': {} } },
          },
        },
      },
    });
  });

  test('applying the same again writes nothing', async () => {
    const made = await apply(config(), 'one');
    memory.clock.step(60_000);
    expect(await apply(config(), 'one')).toEqual(made);
  });

  test('a new manager who changes nothing has no time', async () => {
    await applyMap({ a: '1' }, 'one');
    const claims = objectsAt(await applyMap({ a: '1' }, 'two'), 'metadata', 'managedFields');
    expect(claims.map((each) => [each.manager, each.time === undefined])).toEqual([
      ['two', true],
      ['one', false],
    ]);
  });

  test.each([
    [{ ...map({}), kind: 'Secret' }, 'invalid object type: /v1, Kind=Secret'],
    [{ ...map({}), apiVersion: 'apps/v1' }, 'invalid object type: apps/v1, Kind=ConfigMap'],
    [
      { ...map({}), metadata: 5 },
      'failed to create typed patch object (/; /v1, Kind=ConfigMap): .metadata: expected map, got &{5}',
    ],
  ])('a configuration that is something else is refused: %j', async (sent, message) => {
    const made = call.apply('configmaps', 'default', 'c', sent, 'one', false);
    expect((await statusOf(made)).message).toBe(message);
  });

  test('what a manager stops saying disappears, unless another says it too', async () => {
    await applyMap({ a: '1', b: '1', c: '1' }, 'one');
    await applyMap({ b: '1' }, 'two');
    expect((await applyMap({ a: '2' }, 'one')).data).toEqual({ a: '2', b: '1' });
    expect((await applyMap({}, 'two')).data).toEqual({ a: '2' });
  });

  test('the last label and annotation that an apply stops saying go, and the name stays', async () => {
    const labelled = { name: 'web', labels: { a: '1' }, annotations: { b: '2' } };
    await apply(config({}, labelled), 'one');
    const { metadata } = await apply(config(), 'one');
    expect(metadata).toMatchObject({ name: 'web', namespace: 'default' });
    expect(metadata).not.toHaveProperty('labels');
    expect(metadata).not.toHaveProperty('annotations');
  });

  test('what nobody applied stays', async () => {
    await applyMap({ a: '1' }, 'one');
    await call.patch('configmaps', 'default', 'c', 'merge', { data: { extra: 'x' } });
    expect((await applyMap({ b: '1' }, 'one')).data).toEqual({ b: '1', extra: 'x' });
  });

  test('a field of another manager is a conflict', async () => {
    await apply(config({ replicas: 2 }), 'one');
    expect(await statusOf(apply(config({ replicas: 3 }), 'two'))).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "one": .spec.replicas',
      details: {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.spec.replicas' }],
      },
    });
  });

  test('conflicts with several managers are told by manager', async () => {
    await applyMap({ a: '1', b: '1' }, 'one');
    await call.patch('configmaps', 'default', 'c', 'merge', { data: { c: '1' } });
    const refused = await statusOf(applyMap({ a: '2', b: '2', c: '2' }, 'two'));
    expect(refused.message).toBe(
      'Apply failed with 3 conflicts: conflicts with "one":\n- .data.a\n- .data.b\nconflicts with "test" using v1:\n- .data.c',
    );
  });

  test('equal values are shared, not fought over', async () => {
    await apply(config({ replicas: 2 }), 'one');
    const both = await apply(config({ replicas: 2 }), 'two');
    expect(managers(both)).toEqual(['Apply two', 'Apply one']);
    expect(fieldsOf(both, 'one')).toEqual(fieldsOf(both, 'two'));
  });

  test('force takes the field over', async () => {
    await applyMap({ a: '1', b: '1' }, 'one');
    const taken = await applyMap({ a: '2' }, 'two', true);
    expect(taken.data).toEqual({ a: '2', b: '1' });
    expect(fieldsOf(taken, 'one')).toEqual({ 'f:data': { 'f:b': {} } });
    expect(fieldsOf(taken, 'two')).toEqual({ 'f:data': { 'f:a': {} } });
  });

  test('an update takes fields too, and the applier learns of it', async () => {
    await apply(config({ replicas: 2 }), 'one');
    const scaled = await call.patch(deployments, 'default', 'web', 'merge', { spec: { replicas: 5 } });
    expect(fieldsOf(scaled, 'test', 'Update')).toEqual({ 'f:spec': { 'f:replicas': {} } });
    expect(fieldsOf(scaled, 'one')).not.toHaveProperty(['f:spec', 'f:replicas']);
    expect(await statusOf(apply(config({ replicas: 2 }), 'one'))).toMatchObject({
      message: 'Apply failed with 1 conflict: conflict with "test" using apps/v1: .spec.replicas',
    });
    // Not saying it any more is no conflict and changes nothing.
    expect((await apply(config(), 'one')).spec).toMatchObject({ replicas: 5 });
  });

  test('items of keyed lists have owners of their own', async () => {
    const container = (name: string, image: string): JsonObject => ({ name, image });
    const withContainers = (...containers: JsonObject[]): JsonObject =>
      config({ template: { metadata: { labels: { app: 'web' } }, spec: { containers } } });
    await apply(withContainers(container('main', 'web:1')), 'one');
    const side = config();
    delete (side.spec as JsonObject).selector;
    (side.spec as JsonObject).template = { spec: { containers: [container('side', 'x:1')] } };
    const both = await apply(side, 'two');
    const names = (object: JsonObject): string[] =>
      objectsAt(object, 'spec', 'template', 'spec', 'containers').map((each) => textAt(each, 'name'));
    expect(names(both)).toEqual(['main', 'side']);
    expect(fieldsOf(both, 'two')).toEqual({
      'f:spec': {
        'f:template': {
          'f:spec': { 'f:containers': { 'k:{"name":"side"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
        },
      },
    });
    const renamed = await apply(withContainers(container('other', 'web:1')), 'one');
    expect(names(renamed).sort()).toEqual(['other', 'side']);
  });

  test('ports are keyed by number and protocol, the protocol by its default', async () => {
    const service = (ports: JsonObject[]): JsonObject => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { ports },
    });
    const applyService = (ports: JsonObject[], manager: string) =>
      call.apply('services', 'default', 's', service(ports), manager);
    await applyService([{ name: 'a', port: 80 }], 'one');
    const both = await applyService(
      [
        { name: 'a', port: 80, protocol: 'TCP' },
        { name: 'b', port: 81 },
      ],
      'two',
    );
    expect(objectsAt(both, 'spec', 'ports').map((port) => port.port)).toEqual([80, 81]);
    expect(fieldsOf(both, 'one')).toMatchObject({
      'f:spec': { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {} } } },
    });
  });

  test('finalizers are a set', async () => {
    const withFinalizers = (...finalizers: string[]) => ({ ...map({}), metadata: { name: 'c', finalizers } });
    const applyFinalizers = (manager: string, ...finalizers: string[]) =>
      call.apply('configmaps', 'default', 'c', withFinalizers(...finalizers), manager);
    await applyFinalizers('one', 'x.io/a');
    const both = await applyFinalizers('two', 'x.io/b');
    expect((both.metadata as JsonObject).finalizers).toEqual(['x.io/a', 'x.io/b']);
    expect(fieldsOf(both, 'two')).toEqual({ 'f:metadata': { 'f:finalizers': { 'v:"x.io/b"': {} } } });
    const left = await applyFinalizers('one');
    expect((left.metadata as JsonObject).finalizers).toEqual(['x.io/b']);
  });

  test('an object made without claims is claimed before the first apply', async () => {
    await call.create('configmaps', 'default', map({ a: '1', b: '1' }));
    await call.patch('configmaps', 'default', 'c', 'merge', { metadata: { managedFields: [{}] } });
    expect(managers(await call.get('configmaps', 'default', 'c'))).toEqual([]);
    const applied = await applyMap({ a: '1' }, 'one');
    expect(managers(applied)).toEqual(['Apply one', 'Update before-first-apply']);
  });

  test('kubectl takes over from its own client-side apply', async () => {
    const sent = map({ a: '1', b: '1' });
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': `${JSON.stringify(sent)}\n` };
    await call.create(
      'configmaps',
      'default',
      { ...sent, metadata: { name: 'c', annotations } },
      { fieldManager: 'kubectl-client-side-apply' },
    );
    expect(await statusOf(applyMap({ a: '2' }, 'other'))).toMatchObject({
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .data.a',
    });
    const applied = await applyMap({ b: '1', a: '<2>' }, 'kubectl');
    expect(applied.data).toEqual({ a: '<2>', b: '1' });
    expect(textAt(applied, 'metadata', 'annotations', 'kubectl.kubernetes.io/last-applied-configuration')).toBe(
      String.raw`{"apiVersion":"v1","data":{"a":"\u003c2\u003e","b":"1"},"kind":"ConfigMap","metadata":{"name":"c","namespace":"default"}}` +
        '\n',
    );
  });

  test('status has claims of its own', async () => {
    await apply(config({ replicas: 2 }), 'one');
    const status = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, status: { replicas: 2 } };
    const updated = await call.apply(`${deployments}/status`, 'default', 'web', status, 'controller');
    const entry = objectsAt(updated, 'metadata', 'managedFields').find(
      (each) => textAt(each, 'manager') === 'controller',
    );
    expect(entry).toMatchObject({ subresource: 'status', fieldsV1: { 'f:status': { 'f:replicas': {} } } });
    expect(updated.spec).toMatchObject({ replicas: 2 });
  });

  test.each<[string, JsonObject, object]>([
    [
      'another version',
      { ...map({}), apiVersion: 'v2' },
      { code: 400, message: 'invalid object type: /v2, Kind=ConfigMap' },
    ],
    [
      'claims in the configuration',
      { ...map({}), metadata: { name: 'c', managedFields: [{ manager: 'x' }] } },
      { code: 400, message: 'metadata.managedFields must be nil' },
    ],
    [
      'no claims in the configuration, said so',
      { ...map({}), metadata: { name: 'c', managedFields: [] } },
      { code: 400, message: 'metadata.managedFields must be nil' },
    ],
    [
      'an unknown field',
      { ...map({}), dat: {} },
      {
        code: 400,
        message: 'failed to create typed patch object (/c; /v1, Kind=ConfigMap): .dat: field not declared in schema',
      },
    ],
    [
      'a value of another type',
      { ...map({}), data: { port: 80 } },
      {
        code: 400,
        message:
          'failed to create typed patch object (/c; /v1, Kind=ConfigMap): .data.port: expected string, got &value.valueUnstructured{Value:80}',
      },
    ],
    ['another name', { ...map({}), metadata: { name: 'd' } }, { code: 400 }],
    [
      'a version it was not made for',
      { ...map({}), metadata: { name: 'c', resourceVersion: '1' } },
      { code: 409, reason: 'Conflict' },
    ],
    ['a uid of nothing', { ...map({}), metadata: { name: 'c', uid: 'x' } }, { code: 409, reason: 'Conflict' }],
  ])('refuses %s', async (_, object, expected) => {
    expect(await statusOf(call.apply('configmaps', 'default', 'c', object, 'one'))).toMatchObject(expected);
  });

  test('claims of many updaters are folded together', async () => {
    await call.create('configmaps', 'default', map({ a: '1' }));
    for (let index = 0; index < 14; index += 1) {
      memory.clock.step(1_000);
      const answer = await memory.registry.patch(
        { ...testContext(), userAgent: `agent${index}/1` },
        target('configmaps', 'default', 'c'),
        { type: 'merge', patch: { data: { [`k${index}`]: '1' } }, duplicates: [], force: false },
        writeOptions(),
      );
      expect(answer.created).toBe(false);
    }
    const names = managers(await call.get('configmaps', 'default', 'c'));
    expect(names).toHaveLength(10);
    expect(names[0]).toBe('Update ancient-changes');
  });

  test('a no-op update keeps claims and version', async () => {
    const made = await applyMap({ a: '1' }, 'one');
    memory.clock.step(5_000);
    const again = await call.update('configmaps', 'default', 'c', made);
    expect(resourceVersionOf(again)).toBe(resourceVersionOf(made));
    expect(again).toEqual(made);
  });
});
