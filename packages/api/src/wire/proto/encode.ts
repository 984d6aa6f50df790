/** From objects to bytes. What is undefined, null, or its type's default outside of a oneof, is not written. */
import { type Field, isDelimited, type MessageType } from './types.ts';

type Message = Readonly<Record<string, unknown>>;
/** In the order of the bytes; a number is a varint. */
type Piece = number | bigint | string | Uint8Array;

/** Throws an Error for a value that is not of its field's type. */
export function encode(type: MessageType, message: object): Buffer {
  const pieces: Piece[] = [];
  const bytes = Buffer.allocUnsafe(addMessage(pieces, type, message as Message));
  let at = 0;
  for (const piece of pieces) {
    if (typeof piece === 'string') at += bytes.write(piece, at);
    else if (typeof piece === 'number') at = writeVarint(bytes, at, piece);
    else if (typeof piece === 'bigint') at = writeBigVarint(bytes, at, piece);
    else {
      bytes.set(piece, at);
      at += piece.length;
    }
  }
  return bytes;
}

/** Returns how many bytes the pieces are that it adds. */
function addMessage(pieces: Piece[], type: MessageType, message: Message): number {
  let bytes = 0;
  for (const field of type.fields) {
    const value = message[field.name];
    if (value === undefined || value === null) continue;
    if (!field.repeated) bytes += addField(pieces, field, value);
    else for (const item of value as readonly unknown[]) bytes += addDelimited(pieces, field, item);
  }
  return bytes;
}

function addField(pieces: Piece[], field: Field, value: unknown): number {
  if (isDelimited(field)) return isEmpty(value) && field.rivals === undefined ? 0 : addDelimited(pieces, field, value);
  const number = numberOf(field, value);
  if (field.rivals === undefined && (number === 0 || number === 0n)) return 0;
  pieces.push(field.number << 3, number);
  return varintBytes(field.number << 3) + (typeof number === 'bigint' ? bigVarintBytes(number) : varintBytes(number));
}

const isEmpty = (value: unknown): boolean => value === '' || (value instanceof Uint8Array && value.length === 0);

function addDelimited(pieces: Piece[], field: Field, value: unknown): number {
  const tag = (field.number << 3) | 2;
  const lengthAt = pieces.push(tag, 0) - 1;
  const length = addContent(pieces, field, value);
  pieces[lengthAt] = length;
  return varintBytes(tag) + varintBytes(length) + length;
}

function addContent(pieces: Piece[], field: Field, value: unknown): number {
  if (field.kind === 'message' && typeof value === 'object' && value !== null)
    return addMessage(pieces, field.type, value as Message);
  if (field.kind === 'string' && typeof value === 'string') {
    pieces.push(value);
    return Buffer.byteLength(value);
  }
  if (field.kind === 'bytes' && value instanceof Uint8Array) {
    pieces.push(value);
    return value.length;
  }
  throw new Error(`${field.name}: ${typeof value} is not ${field.kind}`);
}

/** Below zero a number is written as the 64-bit one that it is in two's complement. */
function numberOf(field: Field, value: unknown): number | bigint {
  const number = field.kind === 'enum' && typeof value === 'string' ? field.values.get(value) : value;
  if (number === true) return 1;
  if (number === false) return 0;
  if (typeof number === 'string') return BigInt.asUintN(64, BigInt(number));
  if (typeof number !== 'number' || !Number.isSafeInteger(number))
    throw new Error(`${field.name}: ${JSON.stringify(value)} is not ${field.kind}`);
  return number < 0 ? BigInt.asUintN(64, BigInt(number)) : number;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes += 1;
  return bytes;
}

function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
  bytes[at++] = rest;
  return at;
}

function bigVarintBytes(value: bigint): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80n; rest >>= 7n) bytes += 1;
  return bytes;
}

function writeBigVarint(bytes: Buffer, start: number, value: bigint): number {
  let at = start;
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes[at++] = Number(rest & 0x7fn) | 0x80;
  bytes[at++] = Number(rest);
  return at;
}
