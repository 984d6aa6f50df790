/** The scalar types of proto2 that Kubernetes uses, as JSON values. */
import type { Reader } from 'protobufjs';
import type { Json } from '../../object.ts';
import { malformed, misfit, readBytes, readText, type ValueCodec } from './value.ts';

/** Throws BadRequest when the number is beyond what a JSON number holds exactly (2^53 - 1). */
export function readInt64(reader: Reader, where: string): number {
  const first = reader.buf[reader.pos];
  if (first !== undefined && first < 0x80) {
    reader.pos += 1;
    return first;
  }
  const { high, low } = reader.int64();
  const value = high * 2 ** 32 + (low >>> 0);
  if (!Number.isSafeInteger(value)) throw malformed(where, 'the number is beyond 53 bits');
  return value;
}

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

function isInt32(value: Json): value is number {
  return typeof value === 'number' && (value | 0) === value;
}

const string: ValueCodec = {
  wireType: 2,
  zero: '',
  read: (reader, _depth, where) => readText(reader, where),
  write: (writer, value, _depth, where) => {
    if (typeof value !== 'string') throw misfit(where, 'a string', value);
    writer.string(value);
  },
};

const bool: ValueCodec = {
  wireType: 0,
  zero: false,
  read: (reader) => reader.bool(),
  write: (writer, value, _depth, where) => {
    if (typeof value !== 'boolean') throw misfit(where, 'a boolean', value);
    writer.bool(value);
  },
};

const int32: ValueCodec = {
  wireType: 0,
  zero: 0,
  read: (reader) => reader.int32(),
  write: (writer, value, _depth, where) => {
    if (!isInt32(value)) throw misfit(where, 'a 32-bit integer', value);
    writer.int32(value);
  },
};

const int64: ValueCodec = {
  wireType: 0,
  zero: 0,
  read: (reader, _depth, where) => readInt64(reader, where),
  write: (writer, value, _depth, where) => {
    if (!Number.isSafeInteger(value)) throw misfit(where, 'an integer of at most 53 bits', value);
    writer.int64(value as number);
  },
};

const double: ValueCodec = {
  wireType: 1,
  zero: 0,
  read: (reader, _depth, where) => {
    const value = reader.double();
    if (!Number.isFinite(value)) throw malformed(where, 'JSON has no such number');
    return value;
  },
  write: (writer, value, _depth, where) => {
    if (typeof value !== 'number') throw misfit(where, 'a number', value);
    writer.double(value);
  },
};

const bytes: ValueCodec = {
  wireType: 2,
  zero: '',
  read: (reader, _depth, where) => readBytes(reader, where).toString('base64'),
  write: (writer, value, _depth, where) => {
    if (typeof value !== 'string' || value.length % 4 !== 0 || !base64.test(value))
      throw misfit(where, 'base64', value);
    writer.bytes(Buffer.from(value, 'base64'));
  },
};

/** By the name that `.proto` files give them. */
export const scalars: ReadonlyMap<string, ValueCodec> = new Map(
  Object.entries({ string, bool, int32, int64, double, bytes }),
);
