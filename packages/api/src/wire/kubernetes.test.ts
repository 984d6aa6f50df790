/** Kubernetes' messages, both ways: every kind with all fields, any document of any kind, and bytes that are no message. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Definition } from '../definition.ts';
import { ApiError } from '../errors.ts';
import { setOwn } from '../json/exact.ts';
import { builtinDefinitions } from '../kinds/builtin.ts';
import { apiVersionOf, type Json, type JsonObject } from '../object.ts';
import { decode } from '../schema/decode.ts';
import type { ObjectSchema, Schema } from '../schema/schema.ts';
import { filledDocument } from '../testing/filled.ts';
import { decodeProtobuf, encodeProtobuf, fromAny, toAny, watchFrame } from './kubernetes.ts';

const definitions = builtinDefinitions().map((one) => [`${apiVersionOf(one)} ${one.kind}`, one] as const);

/** Messages have no place for the kind of an object within an object; only StatefulSets have such. */
function typed(document: JsonObject): JsonObject {
  const { volumeClaimTemplates = [] } = (document.kind === 'StatefulSet' ? document.spec : {}) as JsonObject;
  for (const claim of volumeClaimTemplates as JsonObject[]) {
    delete claim.kind;
    delete claim.apiVersion;
  }
  return document;
}

/** As the registry stores it. */
const normal = (definition: Definition, document: JsonObject): JsonObject => {
  const { value, unknown, faults } = decode(definition.schema(), document);
  expect({ unknown, faults }).toEqual({ unknown: [], faults: [] });
  return value as JsonObject;
};

describe('every field of every kind', () => {
  test.each(definitions)('%s', (_, definition) => {
    const document = typed(normal(definition, filledDocument(definition)));
    expect(decodeProtobuf(encodeProtobuf(document))).toEqual(document);
    expect(fromAny(toAny(document))).toEqual(document);
  });

  const listed = definitions.filter(([, { verbs }]) => verbs.includes('list'));
  test.each(listed)('a list of %s', (_, definition) => {
    const { kind, apiVersion, ...item } = typed(normal(definition, filledDocument(definition)));
    const metadata = { resourceVersion: '7', continue: 'more', remainingItemCount: 3 };
    const list = { kind: definition.listKind, apiVersion: apiVersion ?? '', metadata, items: [item, item] };
    expect(decodeProtobuf(encodeProtobuf(list))).toEqual(list);
    // Items of our lists say what they are; Kubernetes' messages have no place for it.
    expect(
      encodeProtobuf({ ...list, items: [{ kind: kind ?? '', apiVersion: apiVersion ?? '', ...item }, item] }),
    ).toEqual(encodeProtobuf(list));
  });
});

type Draw = fc.GeneratorValue;

/** Any value of a schema: optional fields may be missing, and values may be zero. */
function anyValue(draw: Draw, schema: Schema, depth: number): Json {
  switch (schema.type) {
    case 'object':
      return anyObject(draw, schema, depth + 1);
    case 'map': {
      const keys = draw(() => fc.uniqueArray(fc.constantFrom('a', 'b/c', '', '__proto__', 'ключ'), { maxLength: 2 }));
      const map: JsonObject = {};
      for (const key of keys) setOwn(map, key, anyValue(draw, schema.values, depth));
      return map;
    }
    case 'array':
      return Array.from({ length: draw(fc.nat, 2) }, () => anyValue(draw, schema.items, depth));
    case 'boolean':
      return draw(fc.boolean);
    case 'integer':
      return schema.format === 'int32' ? draw(fc.integer) : draw(fc.maxSafeInteger);
    case 'number':
      return draw(fc.double, { noNaN: true, noDefaultInfinity: true }) + 0;
    case 'int-or-string':
      return draw(fc.boolean) ? draw(fc.integer) : draw(fc.string);
    case 'any':
      return draw(fc.constantFrom<Json[]>, { type: 'object' }, { type: 'string', description: 'x' });
    case 'string':
      return anyText(draw, schema);
  }
}

function anyText(draw: Draw, schema: Schema & { type: 'string' }): string {
  if (schema.enum !== undefined) return draw(fc.constantFrom<string[]>, ...schema.enum);
  switch (schema.format) {
    case 'byte':
      return Buffer.from(draw(fc.uint8Array, { maxLength: 5 })).toString('base64');
    case 'quantity':
      return draw(fc.constantFrom<string[]>, '0', '1', '100m', '1Gi', '1500m', '12e6', '-3Ki');
    case 'date-time':
      return draw(fc.constantFrom<string[]>, '1970-01-01T00:00:00Z', '2025-12-31T23:59:59Z', '0001-01-01T00:00:01Z');
    case 'micro-time':
      return draw(fc.constantFrom<string[]>, '1970-01-01T00:00:00.000000Z', '2025-12-31T23:59:59.000001Z');
    case 'duration':
      return draw(fc.constantFrom<string[]>, '0s', '1m30s', '250ms', '1h0m0s');
    default:
      return draw(fc.string, { unit: 'grapheme', maxLength: 6 });
  }
}

/** The deeper, the fewer fields; what is required is always there. */
function anyObject(draw: Draw, schema: ObjectSchema, depth: number): JsonObject {
  const object: JsonObject = {};
  for (const [name, field] of Object.entries(schema.properties)) {
    if (schema.required.includes(name) || draw(fc.nat, 2 * depth - 2) === 0)
      object[name] = anyValue(draw, field, depth);
  }
  return object;
}

const isEmpty = (value: Json): boolean =>
  value === '' ||
  value === 0 ||
  value === false ||
  (typeof value === 'object' && Object.keys(value ?? {}).length === 0);

/** Without what is zero or empty at any depth: Go prints some such fields always, and reads them from nothing. */
function withoutEmpty(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const kept: JsonObject = {};
  for (const [key, member] of Object.entries(value)) {
    const inner = withoutEmpty(member);
    if (!isEmpty(inner)) setOwn(kept, key, inner);
  }
  return kept;
}

describe('any document', () => {
  test.each(definitions)('%s', (_, definition) => {
    fc.assert(
      fc.property(fc.gen(), (draw) => {
        const { kind } = definition;
        const sent = typed({
          ...normal(definition, anyObject(draw, definition.schema(), 1)),
          kind,
          apiVersion: apiVersionOf(definition),
        });
        const once = decodeProtobuf(encodeProtobuf(sent));
        const same = isDeepStrictEqual(withoutEmpty(once), withoutEmpty(sent));
        if (!same) expect(withoutEmpty(once)).toEqual(withoutEmpty(sent));
        expect(isDeepStrictEqual(decodeProtobuf(encodeProtobuf(once)), once)).toBe(true);
      }),
      { numRuns: 50, endOnFailure: true },
    );
  });
});

describe('bytes', () => {
  const pod = builtinDefinitions().find(({ kind }) => kind === 'Pod') as Definition;
  const good = encodeProtobuf(normal(pod, filledDocument(pod)));

  /** A document or a BadRequest; nothing else may come of bytes. */
  const read = (bytes: Uint8Array): void => {
    try {
      expect(decodeProtobuf(bytes).kind).toBeTypeOf('string');
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      expect(error.status).toMatchObject({ reason: 'BadRequest', code: 400 });
    }
  };

  it('that are no message are a bad request', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => read(bytes)));
    const prefix = Buffer.from('k8s\0', 'latin1');
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => read(Buffer.concat([prefix, bytes]))));
  });

  it('cut short or changed are a document or a bad request', () => {
    const at = fc.nat(good.length - 1);
    fc.assert(fc.property(at, (end) => read(good.subarray(0, end))));
    fc.assert(
      fc.property(at, fc.nat(255), (index, byte) => {
        const changed = Buffer.from(good);
        changed[index] = byte;
        read(changed);
      }),
      { numRuns: 500 },
    );
  });

  it('of fields that nobody knows are passed over', () => {
    // Fields 1000 to 1003, of each wire type that proto2 has.
    const unknown = Buffer.from([
      0xc0,
      0x3e,
      1,
      0xc9,
      0x3e,
      ...Array(8).fill(1),
      0xd2,
      0x3e,
      2,
      7,
      7,
      0xdd,
      0x3e,
      1,
      1,
      1,
      1,
    ]);
    const message = toAny(normal(pod, filledDocument(pod)));
    const longer = { ...message, value: Buffer.concat([unknown, message.value, unknown]) };
    expect(fromAny(longer)).toEqual(fromAny(message));
  });

  it('of an event are its length, its type and its object', () => {
    const frame = watchFrame('ADDED', good);
    expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
    expect(frame.subarray(-good.length)).toEqual(good);
  });
});

test('a list within lists, deeper than any real document, is refused both ways', () => {
  let schema: JsonObject = {};
  for (let depth = 0; depth < 300; depth += 1) schema = { not: schema };
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } };
  const spec = { group: 'g', scope: 'Cluster', names: { plural: 'p', kind: 'K' }, versions: [version] };
  const document = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: {}, spec };
  expect(() => encodeProtobuf(document)).toThrow(ApiError);
});
