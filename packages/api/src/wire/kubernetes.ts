/**
 * Kubernetes' own messages: JSON documents to `application/vnd.kubernetes.protobuf` and back, and the same messages as
 * google.protobuf.Any. The bytes are four of prefix, then a runtime.Unknown that names the kind and holds its message
 * (apimachinery's protobuf serializer). Documents come out as Kubernetes prints the same object in JSON, except that a
 * null or zero time is left out.
 */
import protobuf, { type Reader } from 'protobufjs';
import { ApiError, badRequest } from '../errors.ts';
import type { Json, JsonObject } from '../object.ts';
import { kindOf, messageNameOf, type TypeMeta } from './k8s/kinds.ts';
import { createCodecs } from './k8s/message.ts';
import { typeOf } from './k8s/root.ts';
import { carrier, specials } from './k8s/special.ts';
import { parseText } from './k8s/text.ts';
import { malformed, readBytes, readText } from './k8s/value.ts';
import type { AnyMessage } from './messages.ts';

const prefix = Buffer.from('k8s\0', 'latin1');
const typeUrlPrefix = 'type.googleapis.com/';

/** Envelopes within envelopes: an event in a list is one, and nothing real goes further. */
const deepestEnvelope = 8;

const codecOf = createCodecs(
  typeOf,
  new Map([...specials, ['k8s.io.apimachinery.pkg.runtime.RawExtension', carrier(openRaw)]]),
);

/** A RawExtension holds JSON, or a whole object in an envelope of its own. */
function openRaw(raw: Buffer, depth: number, where: string): Json {
  if (!raw.subarray(0, prefix.length).equals(prefix)) return parseText(raw, where);
  return open(raw, undefined, depth + 1);
}

/** True when documents of this kind can be messages. Custom kinds and Table never can. */
export function hasMessage(apiVersion: string, kind: string): boolean {
  return messageNameOf(apiVersion, kind) !== undefined;
}

/**
 * The document of a request or answer body. `expected` is its kind when the bytes do not say. Throws ApiError
 * BadRequest for anything but one well-formed message of a known kind.
 */
export function decodeProtobuf(bytes: Uint8Array, expected?: TypeMeta): JsonObject {
  return guarded(() => open(asBuffer(bytes), expected, 0));
}

/** The body of a document. Throws ApiError BadRequest when the kind has no message, or a value does not fit its field. */
export function encodeProtobuf(document: JsonObject): Buffer {
  const { apiVersion, kind } = typeMetaOf(document);
  const writer = protobuf.Writer.create();
  // runtime.Unknown: typeMeta 1 {apiVersion 1, kind 2}, raw 2, contentEncoding 3, contentType 4; Kubernetes writes all.
  writer.uint32(0x0a).fork().uint32(0x0a).string(apiVersion).uint32(0x12).string(kind).ldelim();
  writer.uint32(0x12).fork();
  codecOf(requireMessage(apiVersion, kind)).write(writer, document, 0);
  writer.ldelim().uint32(0x1a).string('').uint32(0x22).string('');
  return Buffer.concat([prefix, writer.finish()]);
}

/** The body of a list, from the list without its items and the items' bare messages: every list has metadata 1 and items 2. */
export function encodeProtobufList(list: JsonObject, items: readonly Uint8Array[]): Buffer {
  const { apiVersion, kind } = typeMetaOf(list);
  const raw: Uint8Array[] = [toAny({ ...list, items: [] }).value];
  for (const item of items) raw.push(protobuf.Writer.create().uint32(0x12).uint32(item.length).finish(), item);
  const length = raw.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const head = protobuf.Writer.create();
  head.uint32(0x0a).fork().uint32(0x0a).string(apiVersion).uint32(0x12).string(kind).ldelim();
  head.uint32(0x12).uint32(length);
  const tail = protobuf.Writer.create().uint32(0x1a).string('').uint32(0x22).string('');
  return Buffer.concat([prefix, head.finish(), ...raw, tail.finish()]);
}

/** A document as the bare message of its kind. Throws as `encodeProtobuf`. */
export function toAny(document: JsonObject): AnyMessage {
  const { apiVersion, kind } = typeMetaOf(document);
  const name = requireMessage(apiVersion, kind);
  const writer = protobuf.Writer.create();
  codecOf(name).write(writer, document, 0);
  return { type_url: typeUrlPrefix + name, value: asBuffer(writer.finish()) };
}

/** The document of a bare message; its kind is that of the message's name. Throws ApiError BadRequest. */
export function fromAny(message: AnyMessage): JsonObject {
  return guarded(() => {
    const name = message.type_url.slice(message.type_url.lastIndexOf('/') + 1);
    const type = kindOf(name);
    if (type === undefined)
      throw badRequest(`${JSON.stringify(message.type_url)} is not the type of a Kubernetes object`);
    return read(asBuffer(message.value), name, type, 0);
  });
}

/** One event of a watch: four bytes of length, big endian, and a meta/v1 WatchEvent around the object's envelope. */
export function watchFrame(type: string, object: Uint8Array): Buffer {
  const writer = protobuf.Writer.create();
  writer.uint32(0x0a).string(type).uint32(0x12).fork().uint32(0x0a).bytes(object).ldelim();
  const event = writer.finish();
  const frame = Buffer.allocUnsafe(4 + event.length);
  frame.writeUInt32BE(event.length, 0);
  frame.set(event, 4);
  return frame;
}

function open(bytes: Buffer, expected: TypeMeta | undefined, depth: number): JsonObject {
  if (depth > deepestEnvelope) throw malformed('runtime.Unknown', 'objects nest too deep');
  if (!bytes.subarray(0, prefix.length).equals(prefix))
    throw badRequest(
      `provided data does not appear to be a protobuf message, expected prefix [${[...prefix].join(' ')}]`,
    );
  if (bytes.length === prefix.length) throw badRequest('empty body');
  const unknown = readEnvelope(bytes.subarray(prefix.length));
  const apiVersion = unknown.apiVersion || expected?.apiVersion || '';
  const kind = unknown.kind || expected?.kind || '';
  return read(unknown.raw, requireMessage(apiVersion, kind), { apiVersion, kind }, depth);
}

function read(bytes: Buffer, name: string, { apiVersion, kind }: TypeMeta, depth: number): JsonObject {
  const document: JsonObject = { kind, apiVersion };
  codecOf(name).read(protobuf.Reader.create(bytes), bytes.length, document, depth);
  return document;
}

interface Envelope {
  apiVersion: string;
  kind: string;
  raw: Buffer;
}

function readEnvelope(bytes: Buffer): Envelope {
  const envelope: Envelope = { apiVersion: '', kind: '', raw: Buffer.alloc(0) };
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < bytes.length) {
    const tag = reader.uint32();
    if (tag === 0x0a) readTypeMeta(readBytes(reader, 'Unknown.typeMeta'), envelope);
    else if (tag === 0x12) envelope.raw = readBytes(reader, 'Unknown.raw');
    else if (tag === 0x1a) refuseEncoding(reader);
    else reader.skipType(tag & 7);
  }
  return envelope;
}

function readTypeMeta(bytes: Buffer, envelope: Envelope): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < bytes.length) {
    const tag = reader.uint32();
    if (tag === 0x0a) envelope.apiVersion = readText(reader, 'TypeMeta.apiVersion');
    else if (tag === 0x12) envelope.kind = readText(reader, 'TypeMeta.kind');
    else reader.skipType(tag & 7);
  }
}

function refuseEncoding(reader: Reader): void {
  const encoding = readText(reader, 'Unknown.contentEncoding');
  if (encoding !== '') throw badRequest(`the content encoding ${JSON.stringify(encoding)} is not supported`);
}

function requireMessage(apiVersion: string, kind: string): string {
  const name = messageNameOf(apiVersion, kind);
  if (name === undefined)
    throw badRequest(
      `no kind ${JSON.stringify(kind)} with a protobuf message is known in version ${JSON.stringify(apiVersion)}`,
    );
  return name;
}

function typeMetaOf(document: JsonObject): TypeMeta {
  const { apiVersion, kind } = document;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string')
    throw badRequest('the document has no apiVersion or kind');
  return { apiVersion, kind };
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** protobufjs' reader throws RangeErrors and Errors of its own at the end of its bytes; to a caller all are bad requests. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError(
      'BadRequest',
      `malformed protobuf: ${error instanceof Error ? error.message : String(error)}`,
      undefined,
      {
        cause: error,
      },
    );
  }
}
