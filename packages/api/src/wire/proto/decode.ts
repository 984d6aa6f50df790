/**
 * From bytes to objects. What was not sent is its type's default: an empty text, list or buffer, 0, false, null for a message; a member of a oneof is absent.
 * Fields that nobody declared are skipped, as proto3 wants it. Bytes are views of what was handed in.
 */
import { type Field, isDelimited, type MessageType } from './types.ts';

type Message = Record<string, unknown>;

interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

const noBytes = Buffer.alloc(0);
const malformed = (what: string): Error => new Error(`malformed message: ${what}`);

/** Throws an Error for bytes that are no such message. */
export function decode(type: MessageType, bytes: Buffer): object {
  return readMessage(type, { bytes, at: 0 }, bytes.length);
}

function readMessage(type: MessageType, cursor: Cursor, end: number): Message {
  const message: Message = {};
  for (const field of type.fields)
    if (field.rivals === undefined) message[field.name] = field.repeated ? [] : defaultOf(field);
  while (cursor.at < end) {
    const tag = readNumber(cursor, end);
    const wireType = tag & 7;
    const field = type.byNumber.get(Math.floor(tag / 8));
    if (field === undefined || wireType !== (isDelimited(field) ? 2 : 0)) skip(cursor, wireType, end);
    else if (field.repeated) (message[field.name] as unknown[]).push(readDelimited(field, cursor, end));
    else {
      message[field.name] = wireType === 2 ? readDelimited(field, cursor, end) : scalarOf(field, cursor, end);
      // Of several members of a oneof the last one counts.
      for (const rival of field.rivals ?? []) if (message[rival] !== undefined) delete message[rival];
    }
  }
  return message;
}

function defaultOf(field: Field): unknown {
  switch (field.kind) {
    case 'string':
      return '';
    case 'bytes':
      return noBytes;
    case 'bool':
      return false;
    case 'int64':
      return '0';
    case 'enum':
      return field.names.get(0) ?? 0;
    case 'message':
      return null;
    default:
      return 0;
  }
}

function readDelimited(field: Field, cursor: Cursor, end: number): unknown {
  const start = readLength(cursor, end);
  const { bytes, at } = cursor;
  if (field.kind === 'message') {
    cursor.at = start;
    return readMessage(field.type, cursor, at);
  }
  return field.kind === 'string' ? bytes.toString('utf8', start, at) : bytes.subarray(start, at);
}

/** Moves behind what is as long as the number that stands first, and returns where it starts. */
function readLength(cursor: Cursor, end: number): number {
  const length = readNumber(cursor, end);
  const start = cursor.at;
  if (length > end - start) throw malformed('it ends within a field');
  cursor.at = start + length;
  return start;
}

function scalarOf(field: Field, cursor: Cursor, end: number): unknown {
  const value = readVarint(cursor, end);
  if (field.kind === 'bool') return Number(value) !== 0;
  if (field.kind === 'int64') return String(typeof value === 'number' ? value : BigInt.asIntN(64, value));
  const as32 = field.kind === 'uint32' ? BigInt.asUintN : BigInt.asIntN;
  const number = Number(value < 2 ** 31 ? value : as32(32, BigInt(value)));
  return field.kind === 'enum' ? (field.names.get(number) ?? number) : number;
}

/** A tag or a length: below 2^32. */
function readNumber(cursor: Cursor, end: number): number {
  const value = readVarint(cursor, end);
  if (value > 0xffff_ffff) throw malformed('a tag or a length is above 2^32');
  return Number(value);
}

/** Unsigned, of 64 bits at most: a number up to 49 bits, else a bigint. */
function readVarint(cursor: Cursor, end: number): number | bigint {
  let low = 0;
  for (let weight = 1; weight < 2 ** 49; weight *= 0x80) {
    const byte = readByte(cursor, end);
    low += (byte & 0x7f) * weight;
    if (byte < 0x80) return low;
  }
  let value = BigInt(low);
  for (let shift = 49n; shift < 70n; shift += 7n) {
    const byte = readByte(cursor, end);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asUintN(64, value);
  }
  throw malformed('a number is longer than ten bytes');
}

function readByte(cursor: Cursor, end: number): number {
  const byte = cursor.bytes[cursor.at];
  if (byte === undefined || cursor.at >= end) throw malformed('it ends within a number');
  cursor.at += 1;
  return byte;
}

function skip(cursor: Cursor, wireType: number, end: number): void {
  if (wireType === 0) readVarint(cursor, end);
  else if (wireType === 2) readLength(cursor, end);
  else if (wireType === 1 || wireType === 5) {
    cursor.at += wireType === 1 ? 8 : 4;
    if (cursor.at > end) throw malformed('it ends within a field');
  } else throw malformed('groups are not part of proto3');
}
