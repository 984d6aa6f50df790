/** The codec against protobufjs, over every message of skiff.v1. */
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { readDeclarations } from './declarations.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import { declarationsOf, protoDir } from './files.ts';
import { messageTypes } from './types.ts';

const files = ['skiff/v1/resources.proto', 'skiff/v1/pods.proto', 'skiff/v1/nodes.proto'];
const root = new protobuf.Root();
root.resolvePath = (_, target) => (target.startsWith('google/') ? null : protoDir + target);
root.loadSync(files).resolveAll();
const declared = files.map(declarationsOf);
const typeOf = messageTypes({
  messages: new Map(declared.flatMap(({ messages }) => [...messages])),
  enums: new Map(declared.flatMap(({ enums }) => [...enums])),
});

const shape: protobuf.IConversionOptions = { longs: String, enums: String, defaults: true };
const theirs = (type: protobuf.Type, bytes: Uint8Array): unknown => plain(type.toObject(type.decode(bytes), shape));
/** Without the library's prototypes. */
const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
};

const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ minLength: 120, maxLength: 300 }));
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

function ofField(field: protobuf.Field): fc.Arbitrary<unknown> {
  if (field.resolvedType instanceof protobuf.Type) return messageOf(field.resolvedType);
  if (field.resolvedType instanceof protobuf.Enum) return fc.constantFrom(...Object.keys(field.resolvedType.values));
  switch (field.type) {
    case 'string':
      return text;
    case 'bytes':
      return fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    case 'bool':
      return fc.boolean();
    case 'int32':
      return fc.integer();
    case 'uint32':
      return fc.integer({ min: 0, max: 2 ** 32 - 1 });
    case 'int64':
      return fc.oneof(int64, fc.bigInt(0n, 300n)).map(String);
    default:
      throw new Error(`${field.type} is not generated`);
  }
}

/** Each field or none of it; of a oneof one member at most. */
function messageOf(type: protobuf.Type): fc.Arbitrary<object> {
  const alone = type.fieldsArray.filter((field) => field.partOf === null);
  const parts = alone.map((field) => {
    const value = field.repeated ? fc.array(ofField(field), { maxLength: 4 }) : ofField(field);
    return fc.option(value).map((one) => (one === null ? {} : { [field.name]: one }));
  });
  const choices = type.oneofsArray.map((oneof) =>
    fc.oneof(
      fc.constant({}),
      ...oneof.fieldsArray.map((field) => ofField(field).map((value) => ({ [field.name]: value }))),
    ),
  );
  return fc.tuple(...parts, ...choices).map((all) => Object.assign({}, ...all) as object);
}

const types = (root.lookup('skiff.v1') as protobuf.Namespace).nestedArray.filter((one) => one instanceof protobuf.Type);

describe.each(types.map((type) => [type.name, type] as const))('%s', (name, type) => {
  test('what protobufjs writes is read', () => {
    fc.assert(
      fc.property(messageOf(type), (message) => {
        const bytes = Buffer.from(type.encode(type.fromObject(message)).finish());
        expect(decode(typeOf(name), bytes)).toEqual(theirs(type, bytes));
      }),
    );
  });

  test('what is written protobufjs reads as it was meant', () => {
    fc.assert(
      fc.property(messageOf(type), (message) => {
        const meant = theirs(type, type.encode(type.fromObject(message)).finish());
        expect(theirs(type, encode(typeOf(name), message))).toEqual(meant);
      }),
    );
  });

  test('bytes that were tampered with are a message, or an error', () => {
    const tampered = fc.tuple(messageOf(type), fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean());
    fc.assert(
      fc.property(tampered, ([message, place, by, cut]) => {
        const bytes = encode(typeOf(name), message);
        const at = place % (bytes.length + 1);
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ by;
        try {
          decode(typeOf(name), cut ? bytes.subarray(0, at) : bytes);
        } catch (error) {
          expect(String(error)).toMatch(/^Error: malformed message: /);
        }
      }),
    );
  });
});

const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(' ', ''), 'hex');

test('fields that nobody declared, or of another wire type, are skipped', () => {
  // uid is the fifth: 7 as a varint; then fields 100 and 101 of eight and four bytes, and 102 of two.
  const bytes = hex('28 07 a106 0102030405060708 ad06 01020304 b206 02 0102');
  expect(decode(typeOf('DiscoverRequest'), bytes)).toEqual({});
  expect(decode(typeOf('DeleteOptions'), bytes)).toMatchObject({ uid: '' });
});

test('of several members of a oneof the last one counts', () => {
  const both = Buffer.concat(
    [{ stdin: Buffer.from('a') }, { stdinClosed: true }].map((one) => encode(typeOf('ExecInput'), one)),
  );
  expect(decode(typeOf('ExecInput'), both)).toEqual({ stdinClosed: true });
});

test('a value of an enum that has no name stays a number', () => {
  expect(decode(typeOf('GetRequest'), hex('18 63'))).toMatchObject({ accept: 99 });
});

test.each([
  ['it ends within a number', '08 80'],
  ['it ends within a field', '0a 05 61'],
  ['it ends within a field', '09 00'],
  ['a number is longer than ten bytes', '08 ffffffffffffffffffff 01'],
  ['a tag or a length is above 2^32', '0a ffffffffffff 01'],
  ['groups are not part of proto3', '0b 0c'],
])('%s', (fault, bytes) => {
  expect(() => decode(typeOf('DiscoverRequest'), hex(bytes))).toThrow(`malformed message: ${fault}`);
});

test.each([
  [{ options: 'x' }, 'options: string is not message'],
  [{ force: 1.5 }, 'force: 1.5 is not bool'],
  [{ patch: 7 }, 'patch: number is not string'],
  [{ type: 'PATCH_TYPE_MAGIC' }, 'type: "PATCH_TYPE_MAGIC" is not enum'],
])('%j is refused', (message, fault) => {
  expect(() => encode(typeOf('PatchRequest'), message)).toThrow(fault);
});

test.each([
  ['message A { repeated int32 b = 1; }', 'b: lists of int32 are packed'],
  ['message A { B b = 1; } message B { A a = 1; }', 'A is within itself'],
  ['message A { float b = 1; }', 'no message float is declared'],
])('%s is refused', (text, fault) => {
  expect(() => messageTypes(readDeclarations(text))('A')).toThrow(fault);
});
