import { describe, expect, test } from 'vitest';
import type { JsonSchema } from '../schema/json-schema.ts';
import { specSchema, version, widgets } from '../testing.ts';
import { decodeSchemas } from './decode-schemas.ts';
import { definitionFaults, definitionStatusFaults, definitionUpdateFaults } from './validate.ts';

const stored = (crd: ReturnType<typeof widgets>) => ({ ...crd, status: { storedVersions: ['v1'] } });
const complete = (crd: ReturnType<typeof widgets>) => {
  const copy = structuredClone(crd) as { spec: { names: Record<string, string> } };
  copy.spec.names.singular ??= copy.spec.names.kind?.toLowerCase() ?? '';
  copy.spec.names.listKind ??= `${copy.spec.names.kind}List`;
  return stored(copy as unknown as ReturnType<typeof widgets>);
};
const faultsOf = (crd: ReturnType<typeof widgets>): string[] => {
  const object = complete(crd);
  decodeSchemas(object);
  return definitionFaults(object).map((fault) => `${fault.field}: ${fault.message}`);
};
const schemaFaultsOf = (schema: JsonSchema): string[] =>
  faultsOf(widgets({ versions: [version(schema)] })).map((text) =>
    text.replace('spec.validation.openAPIV3Schema', '#'),
  );
const ofSpec = (schema: JsonSchema): JsonSchema => specSchema({ a: schema });
const at = '#.properties[spec].properties[a]';

describe('a definition', () => {
  test('that is fine has no faults', () => expect(faultsOf(widgets())).toEqual([]));

  test.each([
    [
      'a name of its own',
      { ...widgets(), metadata: { name: 'other.x.io' } },
      'metadata.name: Invalid value: "other.x.io": must be spec.names.plural+"."+spec.group',
    ],
    [
      'a group without a dot',
      widgets({ group: 'x' }),
      'spec.group: Invalid value: "x": should be a domain with at least one dot',
    ],
    [
      'an unknown scope',
      widgets({ spec: { scope: 'World' } }),
      'spec.scope: Unsupported value: "World": supported values: "Cluster", "Namespaced"',
    ],
    [
      'no schema',
      widgets({ versions: [{ name: 'v1', served: true, storage: true }] }),
      'spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required',
    ],
    [
      'equal kind and listKind',
      widgets({ names: { listKind: 'Widget' } }),
      'spec.names.listKind: Invalid value: "Widget": kind and listKind may not be the same',
    ],
    [
      'a webhook conversion without a webhook',
      widgets({ spec: { conversion: { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'] } } } }),
      'spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook',
    ],
    [
      'a webhook and strategy None',
      widgets({
        spec: {
          conversion: {
            strategy: 'None',
            webhook: { clientConfig: { url: 'https://x.io' }, conversionReviewVersions: [] },
          },
        },
      }),
      'spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook',
    ],
    [
      'conversion and preserveUnknownFields',
      widgets({ spec: { preserveUnknownFields: true, conversion: { strategy: 'Webhook' } } }),
      'spec.conversion.strategy: Invalid value: "Webhook": must be None if spec.preserveUnknownFields is true',
    ],
    [
      'a first version without a name that fits',
      widgets({ versions: [{ ...version(ofSpec({ type: 'string' })), name: '1v' }] }),
      expect.stringMatching(/^spec\.version: Invalid value: "1v": a DNS-1035 label must consist/),
    ],
    [
      'a service path without a slash',
      widgets({
        spec: {
          conversion: {
            strategy: 'Webhook',
            webhook: {
              clientConfig: { service: { name: 'a', namespace: 'b', path: 'x/_' } },
              conversionReviewVersions: ['v1'],
            },
          },
        },
      }),
      expect.stringMatching(/path: Invalid value: "x\/_": segment\[0\] may not be empty$/),
    ],
    [
      'a plain http webhook',
      widgets({
        spec: {
          conversion: {
            strategy: 'Webhook',
            webhook: { clientConfig: { url: 'http://x.io' }, conversionReviewVersions: ['v1'] },
          },
        },
      }),
      `spec.conversion.webhookClientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
    ],
    [
      'a protected group',
      widgets({ group: 'x.k8s.io' }),
      'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    ],
    [
      'preserveUnknownFields',
      widgets({ spec: { preserveUnknownFields: true } }),
      'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    ],
  ])('with %s is refused', (_, crd, fault) => expect(faultsOf(crd)).toContainEqual(fault));

  test('with a default at its root says its type there', () =>
    expect(schemaFaultsOf({ type: 'object', default: {}, properties: {} })).toEqual(
      expect.arrayContaining(['#.default.apiVersion: Required value: must not be empty']),
    ));

  test('keeps its names and scope once it is established', () => {
    const old = complete(widgets());
    const established = { ...old, status: { ...old.status, conditions: [{ type: 'Established', status: 'True' }] } };
    const next = complete(widgets({ scope: 'Cluster', names: { kind: 'Gadget' } }));
    expect(definitionUpdateFaults(next, established).map((fault) => fault.field)).toEqual([
      'spec.scope',
      'spec.names.kind',
    ]);
    expect(definitionUpdateFaults(next, old)).toEqual([]);
  });
});

describe('what versions say', () => {
  const schema = (text: string): JsonSchema => specSchema({ a: { type: text } });
  const column = { name: 'A', type: 'text', jsonPath: '.spec.a' };
  const two = (first: object, second: object) =>
    widgets({
      versions: [
        { ...version(schema('string')), ...first },
        { ...version(schema('string')), name: 'v2', storage: false, ...second },
      ],
    });

  test('stands above them when all say the same', () => {
    const scale = { scale: { specReplicasPath: '.a', statusReplicasPath: '.status.a' } };
    const same = { additionalPrinterColumns: [column], subresources: scale };
    expect(faultsOf(two(same, same))).toEqual([
      'spec.subresources.scale.specReplicasPath: Invalid value: ".a": should be a json path under .spec',
      'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
    ]);
    expect(
      faultsOf(two({ schema: { openAPIV3Schema: schema('x') } }, { schema: { openAPIV3Schema: schema('x') } })),
    ).toEqual([
      expect.stringContaining(
        'spec.validation.openAPIV3Schema.properties[spec].properties[a].type: Unsupported value: "x"',
      ),
    ]);
  });

  test('stands in each when they differ', () => {
    expect(faultsOf(two({}, { additionalPrinterColumns: [column] }))).toEqual([
      'spec.versions[1].additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
    ]);
    expect(faultsOf(two({}, { schema: { openAPIV3Schema: schema('x') } }))).toEqual([
      expect.stringContaining('spec.versions[1].schema.openAPIV3Schema.properties[spec].properties[a].type'),
    ]);
  });
});

describe('the certificates of a conversion webhook', () => {
  const crd = (caBundle: string) =>
    complete(
      widgets({
        spec: {
          conversion: {
            strategy: 'Webhook',
            webhook: { clientConfig: { url: 'https://x.io', caBundle }, conversionReviewVersions: ['v1'] },
          },
        },
      }),
    );
  const established = (object: ReturnType<typeof crd>) => ({
    ...object,
    status: { storedVersions: ['v1'], conditions: [{ type: 'Established', status: 'True' }] },
  });

  test('may be filled in later', () => {
    expect(definitionFaults(crd('Cg=='))).toEqual([]);
    expect(definitionUpdateFaults(crd('Cg=='), crd(''))).toEqual([]);
    expect(definitionUpdateFaults(crd('Cg=='), established(crd('Cg==')))).toEqual([]);
  });

  test('are not taken away from a definition that is established', () => {
    expect(definitionUpdateFaults(crd('Cg=='), established(crd('')))).toMatchObject([
      {
        field: 'spec.conversion.webhookClientConfig.caBundle',
        message: 'Invalid value: []byte{0xa}: unable to load root certificates: unable to parse bytes as PEM block',
      },
    ]);
  });
});

test('a status has names that could be accepted', () => {
  expect(definitionStatusFaults({ status: { acceptedNames: { plural: 'A', kind: 'A' } } })).toMatchObject([
    { field: 'status.acceptedNames.plural' },
  ]);
});

describe('a schema', () => {
  test.each<[string, JsonSchema, string]>([
    ['a reference', { type: 'string', $ref: '#/x' }, `${at}.$ref: Forbidden: $ref is not supported`],
    ['no type', {}, `${at}.type: Required value: must not be empty for specified object fields`],
    [
      'an unknown type',
      { type: 'text' },
      `${at}.type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"`,
    ],
    ['a list without items', { type: 'array' }, `${at}.items: Required value: must be specified`],
    [
      'unique items',
      { type: 'array', uniqueItems: true, items: { type: 'string' } },
      `${at}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
    ],
    [
      'types in a junctor',
      { type: 'object', anyOf: [{ type: 'object' }] },
      `${at}.anyOf[0].type: Forbidden: must be empty to be structural`,
    ],
    [
      'properties and free keys',
      { type: 'object', properties: { b: { type: 'string' } }, additionalProperties: { type: 'string' } },
      `${at}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`,
    ],
    [
      'a bad pattern',
      { type: 'string', pattern: '(' },
      `${at}.pattern: Invalid value: "(": must be a valid regular expression, but isn't: `,
    ],
    [
      'a map list without keys',
      { type: 'array', 'x-kubernetes-list-type': 'map', items: { type: 'object' } },
      `${at}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`,
    ],
    [
      'an optional list key',
      {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        items: { type: 'object', properties: { k: { type: 'string' } } },
      },
      `${at}.items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
    ],
    [
      'a default of the wrong type',
      { type: 'integer', default: 'x' },
      `${at}.default: Invalid value: "string":  in body must be of type integer: "string"`,
    ],
    [
      'a default of an embedded resource without a type',
      {
        type: 'object',
        'x-kubernetes-embedded-resource': true,
        'x-kubernetes-preserve-unknown-fields': true,
        default: { kind: 'A' },
      },
      `${at}.default.apiVersion: Required value: must not be empty`,
    ],
    [
      'a rule whose pattern is none',
      { type: 'string', maxLength: 9, 'x-kubernetes-validations': [{ rule: "self.matches('(')" }] },
      `${at}.x-kubernetes-validations[0].rule: Invalid value: apiextensions.ValidationRule{Rule:"self.matches('(')", Message:"", MessageExpression:"", Reason:(*apiextensions.FieldValueErrorReason)(nil), FieldPath:"", OptionalOldSelf:(*bool)(nil)}: compilation failed: ERROR: <input>:1:14: invalid matches argument\n | self.matches('(')\n | .............^`,
    ],
    [
      'a default with unknown fields',
      { type: 'object', properties: {}, default: { b: 1 } },
      `${at}.default: Invalid value: map[string]interface {}{"b":1}: must not have unknown fields`,
    ],
    [
      'false for preserve-unknown-fields',
      { type: 'object', 'x-kubernetes-preserve-unknown-fields': false },
      `${at}.x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined`,
    ],
    [
      'a rule with a path to nowhere',
      { type: 'object', 'x-kubernetes-validations': [{ rule: 'true', fieldPath: '.b' }] },
      `${at}.x-kubernetes-validations[0].fieldPath: Invalid value: ".b": fieldPath must be a valid path`,
    ],
    [
      'a message of two lines',
      { type: 'object', 'x-kubernetes-validations': [{ rule: 'true', message: 'a\nb' }] },
      `${at}.x-kubernetes-validations[0].message: Invalid value: "a\\nb": message must not contain line breaks`,
    ],
  ])('with %s is refused', (_, schema, fault) => expect(schemaFaultsOf(ofSpec(schema)).join('\n')).toContain(fault));

  test('that cannot be structural is not told what else it lacks', () => {
    expect(schemaFaultsOf(ofSpec({ $ref: '#/x' }))).toEqual([`${at}.$ref: Forbidden: $ref is not supported`]);
    expect(schemaFaultsOf(ofSpec({ type: 'string', $schema: 'x' } as JsonSchema))).toEqual([
      `#: Invalid value: "": OpenAPIV3Schema 'schema' is not supported`,
    ]);
  });

  test('may be nullable anywhere but at its root', () => {
    expect(schemaFaultsOf({ ...specSchema({}), nullable: true })).toEqual([
      '#.nullable: Forbidden: nullable cannot be true at the root',
    ]);
    expect(schemaFaultsOf(ofSpec({ type: 'string', nullable: true }))).toEqual([]);
  });

  test('may forbid other keys inside a junctor', () => {
    const schema: JsonSchema = {
      type: 'object',
      properties: { b: { type: 'string' } },
      anyOf: [{ additionalProperties: false }],
    };
    expect(schemaFaultsOf(ofSpec(schema))).toEqual([]);
  });

  test('may have the usual marks', () => {
    const schema: JsonSchema = specSchema({
      either: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
      free: { 'x-kubernetes-preserve-unknown-fields': true },
      inner: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
      set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
      map: { type: 'object', additionalProperties: { type: 'integer' }, default: { a: 1 } },
    });
    expect(schemaFaultsOf(schema)).toEqual([]);
  });

  test('H-232 of 10 000 properties, a thousand levels or a tree of junctors is judged in bounded time', () => {
    const wide: Record<string, JsonSchema> = {};
    for (let index = 0; index < 10_000; index += 1) wide[`p${index}`] = { type: 'string' };
    expect(schemaFaultsOf(specSchema(wide))).toEqual([]);
    let deep: JsonSchema = { type: 'string' };
    for (let level = 0; level < 400; level += 1) deep = { type: 'object', properties: { a: deep } };
    expect(schemaFaultsOf(ofSpec(deep))).toEqual([]);
    let nested: JsonSchema = { minLength: 1 };
    for (let level = 0; level < 100; level += 1) nested = { allOf: [nested] };
    expect(schemaFaultsOf(ofSpec({ type: 'string', ...nested }))).toEqual([]);
  });
});
