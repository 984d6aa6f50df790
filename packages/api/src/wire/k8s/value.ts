/** One value on the wire and in JSON: what every part of the codec is made of, and the faults they report. */
import type { Reader, Writer } from 'protobufjs';
import { type ApiError, badRequest } from '../../errors.ts';
import type { Json } from '../../object.ts';

/**
 * How one value (not its tag) is read and written. `where` names the field for faults: `Container.image`. Both throw
 * ApiError BadRequest, and `read` also whatever protobufjs' reader throws at the end of its bytes.
 */
export interface ValueCodec {
  /** 0: varint, 1: eight bytes, 2: a length and that many bytes. */
  readonly wireType: 0 | 1 | 2;
  /** A scalar's JSON when it was never set. Messages have none: by value they are always on the wire. */
  readonly zero?: Json;
  /** Undefined: JSON has nothing to show for it. `previous` is what the field held already; messages are merged. */
  readonly read: (reader: Reader, depth: number, where: string, previous: Json | undefined) => Json | undefined;
  readonly write: (writer: Writer, value: Json, depth: number, where: string) => void;
}

/** The value in the document is not what the message can hold. */
export function misfit(where: string, wanted: string, value: Json): ApiError {
  const got =
    value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : typeof value;
  return badRequest(`${where} must be ${wanted}, not ${got}`);
}

/** The bytes are not the message they claim to be. */
export function malformed(where: string, why: string): ApiError {
  return badRequest(`malformed protobuf: ${where}: ${why}`);
}

/** Reads a length and checks that as many bytes follow; answers the position after them. */
export function enter(reader: Reader, where: string): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw malformed(where, 'it is longer than what holds it');
  return end;
}

/** The next bytes, length first, not copied. */
export function readBytes(reader: Reader, where: string): Buffer {
  const end = enter(reader, where);
  const bytes = (reader.buf as Buffer).subarray(reader.pos, end);
  reader.pos = end;
  return bytes;
}

/** The next text, length first. Bytes that are not UTF-8 become U+FFFD, as they do when Kubernetes prints JSON. */
export function readText(reader: Reader, where: string): string {
  const end = enter(reader, where);
  const start = reader.pos;
  reader.pos = end;
  return (reader.buf as Buffer).toString('utf8', start, end);
}

/** Throws when a field's wire type is not that of its declaration. */
export function expectWireType(expected: number, got: number, where: string): void {
  if (expected !== got) throw malformed(where, `wire type ${got} where ${expected} belongs`);
}
