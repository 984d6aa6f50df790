/** The messages of `proto/k8s` against the schemas of their kinds: the same fields, as many of each, of the same type. */
import { describe, expect, test } from 'vitest';
import { builtinDefinitions } from '../../kinds/builtin.ts';
import { builtinType, builtinTypeNames } from '../../schema/builtin.ts';
import type { Schema } from '../../schema/schema.ts';
import { allKinds, messageNameOf } from './kinds.ts';
import { liftings } from './lifted.ts';
import { typeOf } from './root.ts';
import { scalars } from './scalars.ts';
import { type FieldShape, shapeOf } from './shape.ts';
import { specials } from './special.ts';

const known = new Set(builtinTypeNames());

/** `k8s.io.kube_aggregator.pkg.…` is `io.k8s.kube-aggregator.pkg.…` to OpenAPI. */
const refOf = (message: string): string => message.replace(/^k8s\.io\./, 'io.k8s.').replaceAll('_', '-');

const isMessage = (type: string): boolean => !scalars.has(type) && !specials.has(type) && !liftings.has(type);

/** The fields of a message as JSON has them: inlined messages are opened. */
function membersOf(message: string): FieldShape[] {
  return shapeOf(typeOf(message)).fields.flatMap((field) => (field.inline ? membersOf(field.type) : [field]));
}

/** Every message below the kinds, once, that is an object in JSON. */
function reachable(): string[] {
  const met = new Set<string>();
  const visit = (message: string): void => {
    if (met.has(message)) return;
    met.add(message);
    for (const { type } of membersOf(message)) if (isMessage(type) && !anything.has(type)) visit(type);
  };
  for (const { apiVersion, kind } of allKinds()) visit(messageNameOf(apiVersion, kind) ?? '');
  return [...met].filter((message) => !anything.has(message)).sort();
}

const rawExtension = 'k8s.io.apimachinery.pkg.runtime.RawExtension';
const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1';
/** Not described field by field: a document of any kind. */
const anything: ReadonlySet<string> = new Set([rawExtension]);
const extensions = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1';

/** What the schema says of a value that the message says is of this type. */
const expected: Readonly<Record<string, string>> = {
  string: 'string',
  bool: 'boolean',
  int32: 'integer int32',
  int64: 'integer int64',
  double: 'number double',
  bytes: 'string byte',
  [`${meta}.Time`]: 'string date-time',
  [`${meta}.MicroTime`]: 'string micro-time',
  [`${meta}.Duration`]: 'string duration',
  [`${meta}.FieldsV1`]: 'any',
  [`${meta}.Verbs`]: 'array of string',
  'k8s.io.apimachinery.pkg.api.resource.Quantity': 'string quantity',
  'k8s.io.apimachinery.pkg.util.intstr.IntOrString': 'int-or-string',
  'k8s.io.api.authentication.v1.ExtraValue': 'array of string',
  'k8s.io.api.authorization.v1.ExtraValue': 'array of string',
  'k8s.io.api.certificates.v1.ExtraValue': 'array of string',
  [rawExtension]: 'any',
  [`${extensions}.JSON`]: 'any',
  [`${extensions}.JSONSchemaPropsOrArray`]: 'any',
  [`${extensions}.JSONSchemaPropsOrBool`]: 'any',
  [`${extensions}.JSONSchemaPropsOrStringArray`]: 'any',
};

const wireSays = ({ type, holds }: FieldShape): string => {
  const one = expected[type] ?? refOf(type);
  return holds === 'one' ? one : holds === 'list' ? `array of ${one}` : `map of ${one}`;
};

function schemaSays(schema: Schema): string {
  if (schema.type === 'array') return `array of ${schemaSays(schema.items)}`;
  if (schema.type === 'map') return `map of ${schemaSays(schema.values)}`;
  if (schema.type === 'object') return schema.ref ?? 'object';
  const format = 'format' in schema ? schema.format : undefined;
  return format === undefined ? schema.type : `${schema.type} ${format}`;
}

const described = reachable().filter((message) => known.has(refOf(message)));

describe('every field is in both, and of one type', () => {
  test.each(described)('%s', (message) => {
    const { properties } = builtinType(refOf(message));
    const own = Object.entries(properties).filter(([name]) => name !== 'apiVersion' && name !== 'kind');
    const wire = membersOf(message).map((field) => [field.name, wireSays(field)] as const);
    const json = own.map(([name, schema]) => [name, schemaSays(schema)] as const);
    const inTypes = (['apiVersion', 'kind'] as const).filter((name) => wire.some(([field]) => field === name));
    for (const name of inTypes) json.push([name, schemaSays(properties[name] ?? { type: 'any' })]);
    expect(Object.fromEntries(wire)).toEqual(Object.fromEntries(json));
  });
});

/** Members of a message whose zero is a value: `pointers` on the wire, all without `omitZero` in the schema. */
describe('a zero means the same in both', () => {
  test.each(described)('%s', (message) => {
    const { properties, required } = builtinType(refOf(message));
    const optional = membersOf(message).filter(
      ({ name, type, holds, required: printed }) =>
        holds === 'one' && scalars.has(type) && !printed && !required.includes(name),
    );
    const onWire = optional.filter(({ pointer }) => pointer).map(({ name }) => name);
    const inSchema = optional.filter(({ name }) => properties[name]?.omitZero !== true).map(({ name }) => name);
    expect(onWire).toEqual(inSchema);
  });
});

test('messages without a schema are of what is said beside objects', () => {
  const others = reachable().filter((message) => !known.has(refOf(message)));
  expect(
    others.filter((message) => !/(Options|\.Conversion\w+|\.PartialObjectMetadata(List)?)$/.test(message)),
  ).toEqual([
    'k8s.io.api.core.v1.List',
    'k8s.io.api.core.v1.PodStatusResult',
    'k8s.io.api.core.v1.RangeAllocation',
    'k8s.io.api.core.v1.SerializedReference',
  ]);
});

test('every built-in kind has a message, and so has its list', () => {
  for (const { group, version, kind, listKind, verbs } of builtinDefinitions()) {
    const apiVersion = group === '' ? version : `${group}/${version}`;
    expect(messageNameOf(apiVersion, kind), kind).toBeDefined();
    if (verbs.includes('list')) expect(messageNameOf(apiVersion, listKind), listKind).toBeDefined();
  }
});
