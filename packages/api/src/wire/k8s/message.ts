/** Compiles a message to one reader and one writer a field, on first use. */
import protobuf, { type Reader, type Writer } from 'protobufjs';
import type { Json, JsonObject } from '../../object.ts';
import { type Lifting, liftings } from './lifted.ts';
import { scalars } from './scalars.ts';
import { type FieldShape, type MessageShape, shapeOf } from './shape.ts';
import { enter, expectWireType, malformed, misfit, readText, type ValueCodec } from './value.ts';

/** Messages within messages; a document of real kinds has at most a few dozen. */
const deepest = 200;

/** A message's members, without the length that precedes it inside another. */
export interface MessageCodec {
  /** Adds to `target` what is between the reader's position and `end`. */
  readonly read: (reader: Reader, end: number, target: JsonObject, depth: number) => void;
  /** Members of `object` that the message does not have are left out. */
  readonly write: (writer: Writer, object: JsonObject, depth: number) => void;
}

type ReadField = (reader: Reader, target: JsonObject, wireType: number, depth: number) => void;
type WriteField = (writer: Writer, object: JsonObject, depth: number) => void;

/** Finds the codec of a message by its full name. Throws an Error for a name that is not loaded. */
export type CodecOf = (fullName: string) => MessageCodec;

/**
 * The codecs of the messages that `find` knows. `specials` are those that are not objects in JSON.
 */
export function createCodecs(
  find: (fullName: string) => protobuf.Type,
  specials: ReadonlyMap<string, ValueCodec>,
): CodecOf {
  const codecs = new Map<string, MessageCodec>();
  const codecOf: CodecOf = (fullName) => {
    const known = codecs.get(fullName);
    if (known !== undefined) return known;
    const codec = compile(shapeOf(find(fullName)), valueCodec);
    codecs.set(fullName, codec);
    return codec;
  };
  const valueCodec = (type: string): ValueCodec =>
    scalars.get(type) ?? specials.get(type) ?? embedded(() => codecOf(type), liftings.get(type));
  return codecOf;
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A message as the value of a field. It is compiled when first met, because messages refer to each other in circles. */
function embedded(compiled: () => MessageCodec, lifting: Lifting | undefined): ValueCodec {
  let known: MessageCodec | undefined;
  return {
    wireType: 2,
    read: (reader, depth, where, previous) => {
      if (depth > deepest) throw malformed(where, `messages nest deeper than ${deepest}`);
      const end = enter(reader, where);
      const target = lifting === undefined && isObject(previous) ? previous : {};
      known ??= compiled();
      known.read(reader, end, target, depth + 1);
      return lifting === undefined ? target : lifting.lift(target);
    },
    write: (writer, value, depth, where) => {
      if (depth > deepest) throw misfit(where, `nested at most ${deepest} deep`, value);
      const object = lifting === undefined ? value : lifting.lower(value);
      if (!isObject(object)) throw misfit(where, 'an object', value);
      known ??= compiled();
      writer.fork();
      known.write(writer, object, depth + 1);
      writer.ldelim();
    },
  };
}

function compile(shape: MessageShape, valueCodec: (type: string) => ValueCodec): MessageCodec {
  const readers: (ReadField | undefined)[] = [];
  const writers: WriteField[] = [];
  const fillers: ((target: JsonObject) => void)[] = [];
  for (const field of shape.fields) {
    const where = `${shape.name}.${field.name}`;
    const codec = valueCodec(field.type);
    readers[field.number] = readerOf(field, codec, where);
    writers.push(writerOf(field, codec, where));
    if (field.required) fillers.push(fillerOf(field, codec));
  }
  return {
    read: (reader, end, target, depth) => {
      while (reader.pos < end) {
        const tag = reader.uint32();
        const read = readers[tag >>> 3];
        if (read !== undefined) read(reader, target, tag & 7, depth);
        else if (tag >>> 3 === 0) throw malformed(shape.name, 'a field numbered 0');
        else reader.skipType(tag & 7);
      }
      if (reader.pos !== end) throw malformed(shape.name, 'a field is longer than its message');
      for (const fill of fillers) fill(target);
    },
    write: (writer, object, depth) => {
      for (const write of writers) write(writer, object, depth);
    },
  };
}

function fillerOf(field: FieldShape, codec: ValueCodec): (target: JsonObject) => void {
  const { name, holds } = field;
  if (holds === 'list') return (target) => void listIn(target, name);
  if (holds === 'map') return (target) => void mapIn(target, name);
  const { zero } = codec;
  return (target) => {
    if (zero !== undefined && target[name] === undefined) target[name] = zero;
  };
}

/** The list that is already there, or a new one. */
function listIn(target: JsonObject, name: string): Json[] {
  const known = target[name];
  if (Array.isArray(known)) return known;
  const list: Json[] = [];
  target[name] = list;
  return list;
}

/** The object that is already there, or a new one. */
function mapIn(target: JsonObject, name: string): JsonObject {
  const known = target[name];
  if (isObject(known)) return known;
  const map: JsonObject = {};
  target[name] = map;
  return map;
}

function readerOf(field: FieldShape, codec: ValueCodec, where: string): ReadField {
  if (field.holds === 'list') return listReader(field.name, codec, where);
  if (field.holds === 'map') return mapReader(field.name, codec, where);
  const { name } = field;
  if (field.inline)
    return (reader, target, wireType, depth) => {
      expectWireType(2, wireType, where);
      codec.read(reader, depth, where, target);
    };
  const absent = field.required || field.pointer ? undefined : codec.zero;
  return (reader, target, wireType, depth) => {
    expectWireType(codec.wireType, wireType, where);
    const value = codec.read(reader, depth, where, target[name]);
    if (value !== undefined && value !== absent) target[name] = value;
    else if (target[name] !== undefined) delete target[name];
  };
}

/** Takes numbers one by one, as proto2 sends them, and packed. */
function listReader(name: string, codec: ValueCodec, where: string): ReadField {
  return (reader, target, wireType, depth) => {
    const list = listIn(target, name);
    if (wireType === codec.wireType) {
      list.push(codec.read(reader, depth, where, undefined) ?? null);
      return;
    }
    expectWireType(2, wireType, where);
    const end = enter(reader, where);
    while (reader.pos < end) list.push(codec.read(reader, depth, where, undefined) ?? null);
    if (reader.pos !== end) throw malformed(where, 'a number is longer than the list');
  };
}

/** A map is a list of entries with a key (1) and a value (2); either may be left out when it is zero. */
function mapReader(name: string, codec: ValueCodec, where: string): ReadField {
  return (reader, target, wireType, depth) => {
    expectWireType(2, wireType, where);
    const map = mapIn(target, name);
    const end = enter(reader, where);
    let key = '';
    let value: Json | undefined;
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === 0x0a) key = readText(reader, where);
      else if (tag >>> 3 === 2) {
        expectWireType(codec.wireType, tag & 7, where);
        value = codec.read(reader, depth, where, undefined);
      } else reader.skipType(tag & 7);
    }
    if (reader.pos !== end) throw malformed(where, 'an entry is longer than the map');
    setOwn(map, key, value ?? unset(codec, depth, where));
  };
}

/** What a value of no bytes reads as. */
function unset(codec: ValueCodec, depth: number, where: string): Json {
  return codec.read(protobuf.Reader.create(Buffer.alloc(1)), depth, where, undefined) ?? null;
}

/** Users choose the keys of maps, and `__proto__` is one like any other. */
function setOwn(map: JsonObject, key: string, value: Json): void {
  if (key === '__proto__')
    Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  else map[key] = value;
}

function writerOf(field: FieldShape, codec: ValueCodec, where: string): WriteField {
  const { name } = field;
  const tag = (field.number << 3) | codec.wireType;
  if (field.holds === 'list') return listWriter(name, tag, codec, where);
  if (field.holds === 'map') return mapWriter(name, tag, codec, where);
  if (field.inline) return (writer, object, depth) => codec.write(writer.uint32(tag), object, depth, where);
  return (writer, object, depth) => {
    const value = object[name];
    if (value !== undefined && value !== null) codec.write(writer.uint32(tag), value, depth, where);
  };
}

function listWriter(name: string, tag: number, codec: ValueCodec, where: string): WriteField {
  return (writer, object, depth) => {
    const list = object[name];
    if (list === undefined || list === null) return;
    if (!Array.isArray(list)) throw misfit(where, 'a list', list);
    for (const value of list) codec.write(writer.uint32(tag), value, depth, where);
  };
}

/** Keys in sorted order, as Kubernetes writes them: the same object is always the same bytes. */
function mapWriter(name: string, tag: number, codec: ValueCodec, where: string): WriteField {
  const valueTag = (2 << 3) | codec.wireType;
  return (writer, object, depth) => {
    const map = object[name];
    if (map === undefined || map === null) return;
    if (!isObject(map)) throw misfit(where, 'an object', map);
    for (const key of Object.keys(map).sort()) {
      writer.uint32(tag).fork().uint32(0x0a).string(key).uint32(valueTag);
      codec.write(writer, map[key] ?? null, depth, where);
      writer.ldelim();
    }
  };
}
