import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeRange, encodeRange } from './range.ts';

const varint = (value: bigint): number[] =>
  value > 0x7fn ? [Number(value & 0x7fn) | 0x80, ...varint(value >> 7n)] : [Number(value)];
const number = (field: number, value: bigint): Buffer => Buffer.from([field << 3, ...varint(value)]);
const bytes = (field: number, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(BigInt(value.length))]), value]);

/** 0 is not written, as protobuf asks. */
const numbers = (...fields: (readonly [number, bigint])[]): Buffer =>
  Buffer.concat(fields.filter(([, value]) => value !== 0n).map(([field, value]) => number(field, value)));

const header = (revision: bigint): Buffer =>
  bytes(1, numbers([1, 14841639068965178418n], [2, 10276657743932975437n], [3, revision], [4, 2n]));

const keyValue = (key: string, value: string, revision: bigint): Buffer =>
  bytes(
    2,
    Buffer.concat([
      bytes(1, Buffer.from(key)),
      numbers([2, 1n], [3, revision], [4, 7n]),
      bytes(5, Buffer.from(value)),
      numbers([6, 99n]),
    ]),
  );

const revisions = fc.bigInt({ min: 1n, max: 2n ** 53n - 1n });

test('every answer is read as it was written', () => {
  const kvs = fc.array(fc.record({ key: fc.string(), value: fc.string({ maxLength: 400 }), modRevision: revisions }));
  fc.assert(
    fc.property(revisions, kvs, fc.nat(), fc.boolean(), (revision, written, count, more) => {
      const answer = Buffer.concat([
        header(revision),
        ...written.map(({ key, value, modRevision }) => keyValue(key, value, modRevision)),
        numbers([3, more ? 1n : 0n], [4, BigInt(count)]),
      ]);
      const read = decodeRange(answer);
      expect(read.header.revision).toBe(revision);
      expect(read.count).toBe(count);
      expect(read.kvs.map((kv) => ({ ...kv, value: kv.value.toString() }))).toEqual(
        written.map((kv) => ({ ...kv, key: Buffer.from(kv.key).toString(), value: Buffer.from(kv.value).toString() })),
      );
    }),
  );
});

test('fields of a later etcd are passed over', () => {
  const later = Buffer.concat([
    number(9, 300n),
    bytes(10, Buffer.from('x')),
    Buffer.from([(11 << 3) | 5, 1, 2, 3, 4]),
    Buffer.from([(12 << 3) | 1, 1, 2, 3, 4, 5, 6, 7, 8]),
  ]);
  expect(decodeRange(Buffer.concat([later, header(5n), later])).header.revision).toBe(5n);
});

test('an answer that ends too early is refused', () => {
  const whole = Buffer.concat([header(5n), keyValue('a', 'text', 300n)]);
  for (let length = 1; length < whole.length; length += 1) {
    const isWhole = length === header(5n).length;
    if (!isWhole) expect(() => decodeRange(whole.subarray(0, length))).toThrow(RangeError);
  }
  expect(() => decodeRange(Buffer.from([0x0b]))).toThrow(RangeError);
});

test('a request says what was asked, and nothing else', () => {
  const [key, end] = [Buffer.from('a'), Buffer.from('b')];
  expect(encodeRange({ key })).toEqual(bytes(1, key));
  expect(encodeRange({ key, end, limit: 500, revision: 2n ** 40n, keysOnly: true, countOnly: true })).toEqual(
    Buffer.concat([bytes(1, key), bytes(2, end), numbers([3, 500n], [4, 2n ** 40n], [8, 1n], [9, 1n])]),
  );
});
