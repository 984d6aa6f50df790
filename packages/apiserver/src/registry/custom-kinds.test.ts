import type { Definition, JsonObject, ObjectSchema } from '@skiff/api';
import { builtinType } from '@skiff/api/kinds';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { customKind } from './custom-kinds.ts';
import type { Kind } from './definition-table.ts';
import { scale } from './subresources/scale.ts';
import {
  type Caller,
  createMemoryRegistry,
  type MemoryRegistry,
  statusOf,
  target,
  testContext,
  writeOptions,
} from './testing.ts';

const schema = (): ObjectSchema => ({
  type: 'object',
  required: [],
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: builtinType('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'),
    spec: {
      type: 'object',
      required: [],
      properties: { size: { type: 'integer' }, colour: { type: 'string', default: 'red' } },
    },
    status: { type: 'object', required: [], properties: { size: { type: 'integer' }, selector: { type: 'string' } } },
  },
});

/** Objects have a status from the start. */
const waiting = (): ObjectSchema => {
  const { properties, ...rest } = schema();
  const status = { ...(properties.status as ObjectSchema), default: { size: 0 } };
  return { ...rest, properties: { ...properties, status } };
};

const definition = (version: string): Definition => ({
  ...{ group: 'x.io', version, kind: 'Widget', listKind: 'WidgetList', resource: 'widgets', singular: 'widget' },
  ...{ shortNames: [], categories: [], namespaced: true },
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  subresources: [
    { name: 'status', verbs: ['get', 'patch', 'update'] },
    { name: 'scale', kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, verbs: ['get', 'patch', 'update'] },
  ],
  storage: { group: 'x.io', version: 'v2', resource: 'widgets', kind: 'Widget' },
  schema,
});

const stored = { group: 'x.io', version: 'v2', resource: 'widgets', kind: 'Widget' };
const kind = (version: string): Kind =>
  customKind({
    definition: definition(version),
    stored,
    scale: { specReplicas: '.spec.size', statusReplicas: '.status.size', labelSelector: '.status.selector' },
    selectableFields: (object) => ({
      'spec.colour': String((object as { spec?: { colour?: string } }).spec?.colour ?? ''),
    }),
  });

let memory: MemoryRegistry;
let call: Caller;
beforeEach(async () => {
  memory = await createMemoryRegistry();
  call = memory.call;
  memory.registry.addDefinitions([kind('v1'), kind('v2')]);
});
afterEach(() => memory.close());

const v1 = 'x.io/v1/widgets';
const v2 = 'x.io/v2/widgets';
const widget = (spec: JsonObject = { size: 1 }): JsonObject => ({ metadata: { name: 'w' }, spec });

describe('custom kinds', () => {
  test('come and go while the registry runs, and whoever listens is told', async () => {
    let told = 0;
    const stop = memory.registry.onDefinitionsChanged(() => {
      told += 1;
    });
    expect(memory.registry.definition('x.io', 'v1', 'widgets')?.kind).toBe('Widget');
    memory.registry.removeDefinitions([{ group: 'x.io', version: 'v1', resource: 'widgets' }]);
    expect(memory.registry.definition('x.io', 'v1', 'widgets')).toBeUndefined();
    expect(await statusOf(call.create(v1, 'default', widget()))).toMatchObject({ code: 404 });
    stop();
    memory.registry.addDefinitions([kind('v1')]);
    expect(told).toBe(1);
  });

  test('are stored at one version and shown at each', async () => {
    const made = await call.create(v1, 'default', widget());
    expect(made).toMatchObject({
      apiVersion: 'x.io/v1',
      spec: { size: 1, colour: 'red' },
      metadata: { generation: 1 },
    });
    expect(await call.get(v2, 'default', 'w')).toMatchObject({ apiVersion: 'x.io/v2', spec: { size: 1 } });
    const stored = await memory.store.get('/registry/x.io/widgets/default/w');
    expect(JSON.parse(stored?.text ?? '').apiVersion).toBe('x.io/v2');
    expect(await call.names(v1, 'default', { fieldSelector: 'spec.colour=red' })).toEqual(['w']);
    expect(await statusOf(call.names(v1, 'default', { fieldSelector: 'spec.size=1' }))).toMatchObject({
      code: 400,
      message: 'field label not supported: spec.size',
    });
  });

  test('count generations, keep their status apart and demand a version for updates', async () => {
    const made = await call.create(v2, 'default', { ...widget(), status: { size: 9 } });
    expect(made).not.toHaveProperty('status');
    const reported = await call.patch(`${v2}/status`, 'default', 'w', 'merge', {
      metadata: { labels: { sneaked: 'in' } },
      spec: { size: 7 },
      status: { size: 1 },
    });
    expect(reported).toMatchObject({ metadata: { generation: 1 }, spec: { size: 1 }, status: { size: 1 } });
    expect(reported.metadata).not.toHaveProperty('labels');
    const changed = await call.patch(v2, 'default', 'w', 'merge', { spec: { size: 2 }, status: { size: 5 } });
    expect(changed).toMatchObject({ metadata: { generation: 2 }, status: { size: 1 } });
    expect(await statusOf(call.update(v2, 'default', 'w', widget()))).toMatchObject({ code: 422 });
  });

  test.each<[string, object, string]>([
    ['no kind', { kind: null }, "Object 'Kind' is missing in '{"],
    [
      'no version',
      { apiVersion: null },
      '/, Kind=Widget is unstructured and is not suitable for converting to "x.io/v2"',
    ],
    ['a group not its own', { apiVersion: 'y.io/v2' }, 'y.io/v2, Kind=Widget is unstructured and is not suitable'],
    ['an unknown version', { apiVersion: 'x.io/v9' }, 'request to convert CR from an invalid group/version: x.io/v9'],
    ['another kind', { kind: 'Other' }, 'Other.x.io "" is invalid: kind: Invalid value: "Other": must be Widget'],
    [
      'another uid',
      { metadata: { uid: 'x' } },
      'Widget.x.io "w" is invalid: metadata.uid: Invalid value: "x": field is immutable',
    ],
    [
      'a mark of deletion',
      { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } },
      'metadata.deletionTimestamp: Invalid value: 2026-01-01 00:00:00 +0000 UTC: field',
    ],
    ['a mark that is no time', { metadata: { deletionTimestamp: 'x' } }, 'deletionTimestamp'],
  ])('cannot be patched to %s', async (_, patch, message) => {
    await call.create(v2, 'default', widget());
    const refused = await statusOf(call.patch(v2, 'default', 'w', 'merge', patch));
    expect(refused).toMatchObject({ code: 422, message: expect.stringContaining(message) });
    const unmarked = { metadata: { deletionTimestamp: null, uid: null } };
    expect(await call.patch(v2, 'default', 'w', 'merge', unmarked)).toMatchObject({ kind: 'Widget' });
  });

  test('begin with the status that their schema has for them', async () => {
    memory.registry.addDefinitions([customKind({ definition: { ...definition('v3'), schema: waiting }, stored })]);
    const made = await call.create('x.io/v3/widgets', 'default', { ...widget(), status: { size: 9 } });
    expect(made).toMatchObject({ status: { size: 0 }, metadata: { generation: 1 } });
    expect(JSON.stringify(made.metadata)).not.toContain('f:status');
    const same = await call.patch('x.io/v3/widgets', 'default', 'w', 'merge', {});
    expect(same.metadata).toEqual(made.metadata);
  });

  test('scale by the paths they name', async () => {
    await call.create(v2, 'default', widget({ size: 3 }));
    await call.patch(`${v2}/status`, 'default', 'w', 'merge', { status: { size: 2, selector: 'a=b' } });
    expect(await call.get(`${v2}/scale`, 'default', 'w')).toMatchObject({
      spec: { replicas: 3 },
      status: { replicas: 2, selector: 'a=b' },
    });
    await call.patch(`${v2}/scale`, 'default', 'w', 'merge', { spec: { replicas: 5 } });
    expect((await call.get(v2, 'default', 'w')).spec).toMatchObject({ size: 5 });
    await call.patch(v2, 'default', 'w', 'merge', { spec: { size: null } });
    expect(await statusOf(call.get(`${v2}/scale`, 'default', 'w'))).toMatchObject({
      code: 500,
      message: 'Internal error occurred: the spec replicas field ".spec.size" does not exist',
    });
    expect(await statusOf(call.patch(`${v2}/scale`, 'default', 'w', 'merge', {}))).toMatchObject({
      code: 400,
      message: 'the spec replicas field ".spec.size" cannot be empty',
    });
    const scaled = await call.patch(`${v2}/scale`, 'default', 'w', 'merge', {
      ...{ metadata: { uid: 'x' }, spec: { replicas: 4 } },
    });
    expect(scaled.spec).toEqual({ replicas: 4 });
  });

  test.each<[object, string]>([
    [{ size: 'two' }, '.spec.size accessor error: two is of the type string, expected int64'],
    [{ size: 1.5 }, '.spec.size accessor error: 1.5 is of the type float64, expected int64'],
    [{ size: null }, '.spec.size accessor error: <nil> is of the type <nil>, expected int64'],
    [
      { size: { a: [true] } },
      '.spec.size accessor error: map[a:[true]] is of the type map[string]interface {}, expected int64',
    ],
  ])('say what stands where their replicas should: %j', async (spec, message) => {
    const paths = { specReplicas: '.spec.size', statusReplicas: '.status.size' };
    const object = { kind: 'Widget', apiVersion: 'x.io/v4', metadata: { name: 'w' }, spec } as JsonObject;
    expect(() => scale.get({ scale: paths } as Kind, object)).toThrow(message);
  });

  test('take no strategic merge patch', async () => {
    await call.create(v2, 'default', widget());
    expect(await statusOf(call.patch(v2, 'default', 'w', 'strategic', {}))).toMatchObject({ code: 415 });
  });

  test('can be applied', async () => {
    const config = { apiVersion: 'x.io/v2', kind: 'Widget', ...widget({ size: 4 }) };
    expect((await call.apply(v2, 'default', 'w', config, 'one')).spec).toEqual({ size: 4, colour: 'red' });
    expect(await statusOf(call.apply(v2, 'default', 'w', { ...config, spec: { size: 5 } }, 'two'))).toMatchObject({
      message: 'Apply failed with 1 conflict: conflict with "one": .spec.size',
    });
  });

  test.each<[JsonObject, number, string]>([
    [
      { metadata: { name: 'w' } },
      400,
      `the object provided is unrecognized (must be of type Widget): Object 'Kind' is missing in '{"metadata":{"name":"w"}}' ({"metadata":{"name":"w"}})`,
    ],
    [{ kind: 'Widget' }, 400, 'the API version in the data () does not match the expected API version (x.io/v1)'],
    [
      { kind: 'Widget', apiVersion: 'x.io/v2' },
      400,
      'the API version in the data (x.io/v2) does not match the expected API version (x.io/v1)',
    ],
    [
      { kind: 'Gadget', apiVersion: 'x.io/v1' },
      422,
      'Gadget.x.io "" is invalid: kind: Invalid value: "Gadget": must be Widget',
    ],
  ])('say what they are: %j', async (document, code, message) => {
    const refused = await statusOf(
      memory.registry.create(testContext(), target(v1, 'default'), { document, duplicates: [] }, writeOptions()),
    );
    expect(refused).toMatchObject({ code, message });
  });
});
