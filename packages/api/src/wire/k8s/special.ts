/** Messages that are not objects in JSON: times, durations, quantities, int-or-strings and free-form JSON. */
import type { Reader, Writer } from 'protobufjs';
import { formatDuration, formatTime, parseDuration, parseTime } from '../../algebra/time.ts';
import { badRequest } from '../../errors.ts';
import type { Json } from '../../object.ts';
import { readInt64 } from './scalars.ts';
import { parseText, printText } from './text.ts';
import { enter, malformed, misfit, readBytes, readText, type ValueCodec } from './value.ts';

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1';

/** Tags of the first three fields: number and wire type. */
const varint1 = 0x08;
const bytes1 = 0x0a;
const varint2 = 0x10;
const bytes3 = 0x1a;

/** Reads a message field by field; `field` answers whether it knew the tag and took the value. */
function readFields(reader: Reader, where: string, field: (tag: number) => boolean): void {
  const end = enter(reader, where);
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!field(tag)) reader.skipType(tag & 7);
  }
  if (reader.pos !== end) throw malformed(where, 'a field is longer than its message');
}

/** Year 1, which Go takes for "no time", up to the end of year 9999, the last that RFC 3339 can say. */
const zeroTime = -62_135_596_800;
const lastTime = 253_402_300_799;

interface Timestamp {
  seconds: number;
  nanos: number;
}

/** Undefined for Go's zero time. */
function readTimestamp(reader: Reader, where: string): Timestamp | undefined {
  const time: Timestamp = { seconds: 0, nanos: 0 };
  let empty = true;
  readFields(reader, where, (tag) => {
    if (tag === varint1) time.seconds = readInt64(reader, where);
    else if (tag === varint2) time.nanos = reader.int32();
    else return false;
    empty = false;
    return true;
  });
  if (empty || (time.seconds === zeroTime && time.nanos === 0)) return undefined;
  if (time.seconds < zeroTime || time.seconds > lastTime || time.nanos < 0 || time.nanos >= 1e9)
    throw malformed(where, 'not a time between the years 1 and 9999');
  return time;
}

/** Null, which only lists and maps hold, is the empty message. */
function writeTimestamp(writer: Writer, time: Timestamp | undefined): void {
  writer.fork();
  if (time !== undefined) writer.uint32(varint1).int64(time.seconds).uint32(varint2).int32(time.nanos);
  writer.ldelim();
}

/** The form that servers print, on a day that every month has: Date.parse is exact for it and five times as fast. */
const plainTime = /^\d{4}-\d\d-(?:[01]\d|2[0-8])T(?:[01]\d|2[0-3]):\d\d:\d\dZ$/;

function secondsOf(value: Json, where: string): number {
  if (typeof value !== 'string') throw misfit(where, 'a time', value);
  const ms = plainTime.test(value) ? Date.parse(value) : parseTime(value);
  if (ms === undefined || Number.isNaN(ms)) throw badRequest(`${where} must be an RFC 3339 time`);
  return Math.floor(ms / 1000);
}

/** Whole seconds: fractions on the wire are ignored, as Kubernetes ignores them. */
const time: ValueCodec = {
  wireType: 2,
  read: (reader, _depth, where) => {
    const read = readTimestamp(reader, where);
    return read === undefined ? undefined : formatTime(read.seconds * 1000);
  },
  write: (writer, value, _depth, where) =>
    writeTimestamp(writer, value === null ? undefined : { seconds: secondsOf(value, where), nanos: 0 }),
};

const microTime: ValueCodec = {
  wireType: 2,
  read: (reader, _depth, where) => {
    const read = readTimestamp(reader, where);
    if (read === undefined) return undefined;
    const micros = Math.floor(read.nanos / 1000);
    return `${formatTime(read.seconds * 1000).slice(0, 19)}.${String(micros).padStart(6, '0')}Z`;
  },
  write: (writer, value, _depth, where) => {
    if (value === null) return writeTimestamp(writer, undefined);
    const digits = /\.(\d{1,6})/.exec(String(value))?.[1] ?? '';
    writeTimestamp(writer, { seconds: secondsOf(value, where), nanos: Number(digits.padEnd(6, '0')) * 1000 });
  },
};

/** Nanoseconds on the wire, `1m30s` in JSON; exact to the millisecond. */
const duration: ValueCodec = {
  wireType: 2,
  read: (reader, _depth, where) => {
    let nanos = 0;
    readFields(reader, where, (tag) => {
      if (tag !== varint1) return false;
      nanos = readInt64(reader, where);
      return true;
    });
    return formatDuration(nanos / 1e6);
  },
  write: (writer, value, _depth, where) => {
    const ms = typeof value === 'string' ? parseDuration(value) : undefined;
    if (ms === undefined) throw misfit(where, 'a duration', value);
    writer
      .fork()
      .uint32(varint1)
      .int64(Math.round(ms * 1e6))
      .ldelim();
  },
};

const quantity: ValueCodec = {
  wireType: 2,
  read: (reader, _depth, where) => {
    let text = '';
    readFields(reader, where, (tag) => {
      if (tag !== bytes1) return false;
      text = readText(reader, where);
      return true;
    });
    return text === '' ? '0' : text;
  },
  write: (writer, value, _depth, where) => {
    if (typeof value !== 'string' && typeof value !== 'number') throw misfit(where, 'a quantity', value);
    writer.fork().uint32(bytes1).string(String(value)).ldelim();
  },
};

/** `type` 0 is a number, 1 a string. All three fields are always written, as Kubernetes does. */
const intOrString: ValueCodec = {
  wireType: 2,
  read: (reader, _depth, where) => {
    let type = 0;
    let number = 0;
    let text = '';
    readFields(reader, where, (tag) => {
      if (tag === varint1) type = readInt64(reader, where);
      else if (tag === varint2) number = reader.int32();
      else if (tag === bytes3) text = readText(reader, where);
      else return false;
      return true;
    });
    if (type !== 0 && type !== 1) throw malformed(where, 'neither an integer nor a string');
    return type === 0 ? number : text;
  },
  write: (writer, value, _depth, where) => {
    const isText = typeof value === 'string';
    if (!isText && (typeof value !== 'number' || (value | 0) !== value))
      throw misfit(where, 'a 32-bit integer or a string', value);
    writer
      .fork()
      .uint32(varint1)
      .int64(isText ? 1 : 0);
    writer.uint32(varint2).int32(isText ? 0 : value);
    writer
      .uint32(bytes3)
      .string(isText ? value : '')
      .ldelim();
  },
};

/** A message whose one field holds the bytes of a document. `open` reads them; no bytes at all are JSON's null. */
export function carrier(open: (bytes: Buffer, depth: number, where: string) => Json): ValueCodec {
  return {
    wireType: 2,
    read: (reader, depth, where) => {
      let raw: Buffer | undefined;
      readFields(reader, where, (tag) => {
        if (tag !== bytes1) return false;
        raw = readBytes(reader, where);
        return true;
      });
      if (raw === undefined || raw.length === 0) return undefined;
      return open(raw, depth, where);
    },
    write: (writer, value) => {
      writer.fork();
      if (value !== null) writer.uint32(bytes1).bytes(printText(value));
      writer.ldelim();
    },
  };
}

const text = carrier((bytes, _depth, where) => parseText(bytes, where));

/** By the full name of the message. */
export const specials: ReadonlyMap<string, ValueCodec> = new Map([
  [`${meta}.Time`, time],
  [`${meta}.MicroTime`, microTime],
  [`${meta}.Duration`, duration],
  [`${meta}.FieldsV1`, text],
  ['k8s.io.apimachinery.pkg.api.resource.Quantity', quantity],
  ['k8s.io.apimachinery.pkg.util.intstr.IntOrString', intOrString],
  ['k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSON', text],
]);
