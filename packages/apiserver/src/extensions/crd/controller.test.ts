import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { statusOf, target, testContext, watchOptions } from '../../registry/testing.ts';
import type { JsonSchema } from '../schema/json-schema.ts';
import {
  crdsOf,
  createExtendedRegistry,
  type ExtendedRegistry,
  specSchema,
  version,
  widget,
  widgets,
  widgetsOf,
} from '../testing.ts';

let memory: ExtendedRegistry;
beforeEach(async () => {
  memory = await createExtendedRegistry();
});
afterEach(() => memory.close());

const conditionsOf = (crd: object) =>
  (crd as { status: { conditions: { type: string; status: string; reason: string }[] } }).status.conditions.map(
    ({ type, status, reason }) => `${type}=${status} ${reason}`,
  );

describe('a CustomResourceDefinition', () => {
  test('is established, and its objects are served', async () => {
    await memory.define(widgets());
    const crd = await memory.call.get(crdsOf, '', 'widgets.x.io');
    expect(conditionsOf(crd)).toEqual(['NamesAccepted=True NoConflicts', 'Established=True InitialNamesAccepted']);
    expect(crd.status).toMatchObject({
      acceptedNames: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      storedVersions: ['v1'],
    });
    const made = await memory.call.create(widgetsOf, 'default', widget('a', { spec: { size: 1, odd: 2 } }), {
      fieldValidation: 'Ignore',
    });
    expect(made).toMatchObject({
      apiVersion: 'x.io/v1',
      kind: 'Widget',
      spec: { size: 1 },
      metadata: { generation: 1 },
    });
    expect(made.spec).not.toHaveProperty('odd');
  });

  test('refuses unknown fields when asked to, and values of the wrong type always', async () => {
    await memory.define(widgets());
    expect(await statusOf(memory.call.create(widgetsOf, 'default', widget('a', { spec: { odd: 2 } })))).toMatchObject({
      code: 400,
      message: expect.stringContaining('strict decoding error: unknown field "spec.odd"'),
    });
    expect(
      await statusOf(memory.call.create(widgetsOf, 'default', widget('a', { spec: { size: 'x' } }))),
    ).toMatchObject({
      code: 422,
      message:
        'Widget.x.io "a" is invalid: spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"',
      details: { causes: [{ reason: 'FieldValueTypeInvalid', field: 'spec.size' }] },
    });
  });

  test('asks its rules of what has the right shape, and says so of what has not', async () => {
    const ruled: JsonSchema = {
      type: 'object',
      required: ['size'],
      properties: { size: { type: 'integer', minimum: 1 }, colour: { type: 'string', maxLength: 3 } },
      'x-kubernetes-validations': [{ rule: 'self.size != 0', message: 'must not be none' }],
    };
    await memory.define(widgets({ versions: [version({ type: 'object', properties: { spec: ruled } })] }));
    const faultsOf = async (spec: JsonObject) => {
      const { details } = await statusOf(memory.call.create(widgetsOf, 'default', widget('a', { spec })));
      return details?.causes?.map(({ field, message }) => `${field}: ${message}`);
    };
    const unchecked =
      '<nil>: Invalid value: "null": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
    expect(await faultsOf({ size: 0 })).toEqual([
      'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
      'spec: Invalid value: "object": must not be none',
    ]);
    expect(await faultsOf({})).toEqual(['spec.size: Required value', unchecked]);
    expect(await faultsOf({ size: 0, colour: 'blue' })).toEqual([
      'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
      'spec.colour: Too long: may not be more than 3 bytes',
      unchecked,
    ]);
  });

  test('has no default that its rules refuse, be it new or changed', async () => {
    const size = (fallback: number): JsonSchema => ({
      type: 'integer',
      default: fallback,
      'x-kubernetes-validations': [{ rule: 'self > 0', message: 'must be something' }],
    });
    const of = (fallback: number) => widgets({ versions: [version(specSchema({ size: size(fallback) }))] });
    const refused = {
      code: 422,
      message: expect.stringContaining(
        'spec.validation.openAPIV3Schema.properties[spec].properties[size].default: Invalid value: 0: must be something',
      ),
    };
    const crds = 'apiextensions.k8s.io/v1/customresourcedefinitions';
    expect(await statusOf(memory.call.create(crds, '', of(0)))).toMatchObject(refused);
    await memory.define(of(1));
    const { versions } = of(0).spec as JsonObject;
    const changed = memory.call.patch(crds, '', 'widgets.x.io', 'merge', { spec: { versions } as JsonObject });
    expect(await statusOf(changed)).toMatchObject(refused);
  });

  test('H-236 that takes the names of another waits for them', async () => {
    await memory.define(widgets({ names: { shortNames: ['wd'] } }));
    await memory.call.create(
      crdsOf,
      '',
      widgets({ names: { plural: 'wideners', kind: 'Widener', shortNames: ['wd'] } }),
    );
    const second = await memory.reaches('wideners.x.io', 'NamesAccepted', 'False');
    expect(conditionsOf(second)).toEqual(['NamesAccepted=False ShortNamesConflict', 'Established=False NotAccepted']);
    expect(await statusOf(memory.call.names('x.io/v1/wideners', 'default'))).toMatchObject({ code: 404 });
    await memory.call.remove(crdsOf, '', 'widgets.x.io');
    await memory.reaches('wideners.x.io', 'Established', 'True');
    expect(await memory.call.names('x.io/v1/wideners', 'default')).toEqual([]);
  });

  test('H-236 never takes the names of a built-in kind', async () => {
    const greedy = {
      ...widgets({ group: 'networking.k8s.io', names: { plural: 'ingresses', kind: 'Ingress' } }),
      metadata: {
        name: 'ingresses.networking.k8s.io',
        annotations: { 'api-approved.kubernetes.io': 'unapproved, a test' },
      },
    };
    await memory.call.create(crdsOf, '', greedy);
    const refused = await memory.reaches('ingresses.networking.k8s.io', 'NamesAccepted', 'False');
    expect(conditionsOf(refused)).toContain('KubernetesAPIApprovalPolicyConformant=False UnapprovedAnnotation');
    expect(await memory.call.names('networking.k8s.io/v1/ingresses', 'default')).toEqual([]);
  });

  test('takes its objects along when it goes, and ends their watches', async () => {
    await memory.define(widgets());
    await memory.call.create(widgetsOf, 'default', widget('a'));
    const events = await memory.registry.watch(testContext(), target(widgetsOf, 'default'), watchOptions());
    const seen: string[] = [];
    const watching = (async () => {
      for await (const batch of events) for (const event of batch) seen.push(event.type);
    })();
    const marked = await memory.call.remove(crdsOf, '', 'widgets.x.io');
    expect(marked).toMatchObject({
      metadata: { finalizers: ['customresourcecleanup.apiextensions.k8s.io'], deletionTimestamp: expect.any(String) },
    });
    await vi.waitFor(
      async () => expect(await statusOf(memory.call.get(crdsOf, '', 'widgets.x.io'))).toMatchObject({ code: 404 }),
      30_000,
    );
    await watching;
    expect(seen).toContain('ADDED');
    await vi.waitFor(() => expect(memory.registry.definition('x.io', 'v1', 'widgets')).toBeUndefined(), 30_000);
    await memory.define(widgets());
    expect(await memory.call.names(widgetsOf, 'default')).toEqual([]);
  });

  test('brings old objects up to its schema when they are read', async () => {
    await memory.define(widgets());
    await memory.call.create(widgetsOf, 'default', widget('a', { spec: { size: 1 } }));
    const schema = specSchema({ colour: { type: 'string', default: 'red' } });
    await memory.call.patch(crdsOf, '', 'widgets.x.io', 'merge', { spec: { versions: [version(schema)] } });
    await vi.waitFor(
      async () => expect((await memory.call.get(widgetsOf, 'default', 'a')).spec).toEqual({ colour: 'red' }),
      30_000,
    );
    const [text = ''] = (
      await memory.registry.list(testContext(), target(widgetsOf, 'default'), {
        ...{
          labelSelector: '',
          fieldSelector: '',
          limit: 0,
          continue: '',
          resourceVersion: '',
          resourceVersionMatch: '',
        },
      })
    ).items;
    expect(JSON.parse(text).spec).toEqual({ colour: 'red' });
  });

  test('selects by the fields it names, objects from before included', async () => {
    const schema = specSchema({ colour: { type: 'string' } });
    await memory.define(widgets({ versions: [version(schema)] }));
    for (const colour of ['red', 'blue'])
      await memory.call.create(widgetsOf, 'default', widget(colour, { spec: { colour } }));
    const by = { fieldSelector: 'spec.colour=red' };
    expect(await statusOf(memory.call.names(widgetsOf, 'default', by))).toMatchObject({ code: 400 });
    const selectableFields = [{ jsonPath: '.spec.colour' }];
    await memory.call.patch(crdsOf, '', 'widgets.x.io', 'merge', {
      spec: { versions: [version(schema, { selectableFields })] },
    });
    await vi.waitFor(async () => expect(await memory.call.names(widgetsOf, 'default', by)).toEqual(['red']), 30_000);
  });

  test('selects by the fields of the version that is asked', async () => {
    const schema = specSchema({ colour: { type: 'string' }, shape: { type: 'string' } });
    await memory.define(
      widgets({
        versions: [
          version(schema, { selectableFields: [{ jsonPath: '.spec.colour' }] }),
          version(schema, { name: 'v2', storage: false, selectableFields: [{ jsonPath: '.spec.shape' }] }),
        ],
      }),
    );
    for (const colour of ['red', 'blue'])
      await memory.call.create(widgetsOf, 'default', widget(colour, { spec: { colour, shape: `${colour}ish` } }));
    expect(await memory.call.names(widgetsOf, 'default', { fieldSelector: 'spec.colour=red' })).toEqual(['red']);
    const v2 = 'x.io/v2/widgets';
    expect(await memory.call.names(v2, 'default', { fieldSelector: 'spec.shape=blueish' })).toEqual(['blue']);
    expect(await statusOf(memory.call.names(v2, 'default', { fieldSelector: 'spec.colour=red' }))).toMatchObject({
      code: 400,
    });
  });

  test('keeps lists by their keys when it is applied to', async () => {
    const item: JsonSchema = {
      type: 'object',
      required: ['k'],
      properties: { k: { type: 'string' }, v: { type: 'integer' } },
    };
    const list = { type: 'array', items: item, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] };
    const set = { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' };
    await memory.define(widgets({ versions: [version(specSchema({ list, set }))] }));
    const config = (spec: JsonObject): JsonObject => ({
      apiVersion: 'x.io/v1',
      kind: 'Widget',
      ...widget('a', { spec }),
    });
    await memory.call.apply(widgetsOf, 'default', 'a', config({ list: [{ k: 'a', v: 1 }], set: ['x'] }), 'one');
    const both = await memory.call.apply(
      widgetsOf,
      'default',
      'a',
      config({ list: [{ k: 'b', v: 2 }], set: ['y'] }),
      'two',
    );
    expect(both.spec).toEqual({
      list: [
        { k: 'a', v: 1 },
        { k: 'b', v: 2 },
      ],
      set: ['x', 'y'],
    });
    const left = await memory.call.apply(widgetsOf, 'default', 'a', config({ list: [] }), 'one');
    expect(left.spec).toEqual({ list: [{ k: 'b', v: 2 }], set: ['y'] });
    const twice = config({ list: [{ k: 'c' }, { k: 'c' }] });
    expect(
      await statusOf(memory.call.update(widgetsOf, 'default', 'a', { ...left, spec: twice.spec as JsonObject })),
    ).toMatchObject({
      details: { causes: [{ reason: 'FieldValueDuplicate', field: 'spec.list[1]' }] },
    });
  });

  test('may be applied with every value that its schema allows', async () => {
    const properties = { port: { 'x-kubernetes-int-or-string': true }, none: { type: 'string', nullable: true } };
    await memory.define(widgets({ versions: [version(specSchema(properties))] }));
    const config = {
      apiVersion: 'x.io/v1',
      kind: 'Widget',
      ...widget('a', { spec: { port: 4_294_967_296, none: null } }),
    };
    const made = await memory.call.apply(widgetsOf, 'default', 'a', config, 'one');
    expect(made.spec).toEqual({ port: 4_294_967_296, none: null });
    expect(await memory.call.apply(widgetsOf, 'default', 'a', config, 'one')).toEqual(made);
  });

  test('H-243 may be one of a thousand', async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `w${index}`);
    await Promise.all(
      names.map((name) =>
        memory.call.create(crdsOf, '', widgets({ names: { plural: `${name}s`, kind: name.toUpperCase() } })),
      ),
    );
    await memory.reaches('w999s.x.io', 'Established', 'True');
    await vi.waitFor(
      () => expect(memory.registry.definitions().filter((each) => each.group === 'x.io')).toHaveLength(1000),
      30_000,
    );
  });

  test('serves several versions, remembers what was stored, and warns of old ones', async () => {
    const schema = specSchema({ size: { type: 'integer' } });
    await memory.define(
      widgets({
        versions: [
          version(schema, { deprecated: true, storage: false }),
          version(schema, { name: 'v2' }),
          version(schema, { name: 'v3', served: false, storage: false }),
        ],
      }),
    );
    await memory.call.create(widgetsOf, 'default', widget('a', { spec: { size: 1 } }));
    expect(await memory.call.get('x.io/v2/widgets', 'default', 'a')).toMatchObject({ apiVersion: 'x.io/v2' });
    expect(await statusOf(memory.call.names('x.io/v3/widgets', 'default'))).toMatchObject({ code: 404 });
    const context = testContext();
    await memory.registry.get(context, target(widgetsOf, 'default', 'a'), { resourceVersion: '' });
    expect(context.warnings).toEqual(['x.io/v1 Widget is deprecated']);
    const changed = await memory.call.patch(crdsOf, '', 'widgets.x.io', 'json', [
      { op: 'replace', path: '/spec/versions/1/storage', value: false },
      { op: 'replace', path: '/spec/versions/2/storage', value: true },
    ]);
    expect(changed.status).toMatchObject({ storedVersions: ['v2', 'v3'] });
    expect(
      await statusOf(
        memory.call.patch(crdsOf, '', 'widgets.x.io', 'json', [{ op: 'remove', path: '/spec/versions/1' }]),
      ),
    ).toMatchObject({
      code: 422,
      message: expect.stringContaining('status.storedVersions[0]: Invalid value: "v2": must appear in spec.versions'),
    });
  });
});
