/** Bodies into documents and documents into bodies, in each format that the doors speak. */
import { type ApiError, badRequest, isReason, type Json, type JsonObject } from '@skiff/api';
import { type Parsed, parseJson } from '@skiff/api/json';
import type { AnyMessage } from '@skiff/api/wire';
import { encodeProtobuf, encodeProtobufList, fromAny, toAny } from '@skiff/api/wire/server';
import { checkDeleteOptions } from '../chain/options.ts';
import { wrongPatch } from '../patch/errors.ts';
import type { DeleteOptions, Incoming, PatchBody, PatchType } from '../registry/contract.ts';
import { othersTurn } from '../registry/turns.ts';
import { unrecognised } from '../registry/type-faults.ts';
import type { BodyReader, TextFormat } from './bodies/reader.ts';
import { readingFault, typedObject } from './bodies/typed.ts';
import { utf8 } from './body.ts';
import { type ListHead, listMetaText, portions } from './encode.ts';
import { encodeRightParts } from './misshapen.ts';
import type { Format } from './negotiate.ts';
import { toYaml } from './yaml.ts';

/** A body as it came: bytes, or the text that a gRPC message carries. */
type Body = Uint8Array | string;

const read = (bodies: BodyReader, body: Body, format: TextFormat): Promise<Parsed> =>
  bodies.read(typeof body === 'string' ? body : utf8(body), format);

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A write's body, which is to be of `kind`. Throws ApiError BadRequest for one that is no object, or does not say of what type. */
export async function decodeIncoming(bodies: BodyReader, body: Body, format: Format, kind: string): Promise<Incoming> {
  const parsed = await readObject(bodies, body, format).catch((error: unknown) => {
    if (!isReason(error, 'BadRequest')) throw error;
    throw unrecognised(kind, readingFault((error as ApiError).message, format), body);
  });
  const document = typedObject(parsed.value);
  if (typeof document === 'string') throw unrecognised(kind, document, body);
  return { document, duplicates: parsed.duplicates, fractions: parsed.fractions, size: body.length };
}

async function readObject(bodies: BodyReader, body: Body, format: Format): Promise<Parsed> {
  if (format !== 'protobuf') return read(bodies, body, format);
  if (typeof body === 'string' || body.length === 0) throw badRequest('empty data');
  return bodies.readMessage(body);
}

/** A patch's body. Throws ApiError BadRequest. */
export async function decodePatch(
  bodies: BodyReader,
  body: Body,
  type: PatchType,
): Promise<Pick<PatchBody, 'patch' | 'duplicates' | 'size'>> {
  const { value, duplicates } = await readPatch(bodies, body, type);
  if (value !== null && (type === 'json' ? !Array.isArray(value) : !isObject(value)))
    throw badRequest(wrongPatch(value, type));
  return { patch: value, duplicates, size: body.length };
}

/** A patch's value. Throws ApiError in kube-apiserver's words for what cannot be read. */
async function readPatch(bodies: BodyReader, body: Body, type: PatchType): Promise<Parsed> {
  try {
    return await read(bodies, body, type === 'apply' ? 'yaml' : 'json');
  } catch (error) {
    throw isReason(error, 'BadRequest') ? badRequest(patchFault(type, (error as ApiError).message)) : error;
  }
}

function patchFault(type: PatchType, message: string): string {
  if (type === 'apply') return `error decoding YAML: ${message}`;
  const fault = message.replace(/^json: /, '');
  return type === 'strategic' ? fault : `error decoding patch: ${fault}`;
}

const deleteOptionsKind = { apiVersion: 'v1', kind: 'DeleteOptions' };

/** The body of a delete. Throws ApiError BadRequest or Invalid. */
export async function decodeDeleteOptions(
  bodies: BodyReader,
  body: Uint8Array,
  format: Format,
): Promise<DeleteOptions> {
  const { value } = await (format === 'protobuf'
    ? bodies.readMessage(body, deleteOptionsKind)
    : read(bodies, body, format));
  if (!isObject(value)) throw badRequest('the body of a delete must be DeleteOptions');
  if (value.kind !== undefined && value.kind !== 'DeleteOptions')
    throw badRequest('decoded object cannot be converted to DeleteOptions');
  const preconditions = (optional(value, 'preconditions', isObject) ?? {}) as JsonObject;
  return checkDeleteOptions({
    dryRun: optional(value, 'dryRun', isTexts) ?? [],
    gracePeriodSeconds: optional(value, 'gracePeriodSeconds', Number.isInteger) as number | undefined,
    propagationPolicy: optional(value, 'propagationPolicy', isText),
    orphanDependents: optional(value, 'orphanDependents', isBoolean),
    uid: optional(preconditions, 'uid', isText),
    resourceVersion: optional(preconditions, 'resourceVersion', isText),
  });
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';

function optional<T>(
  object: JsonObject,
  key: string,
  is: ((value: unknown) => value is T) | ((value: unknown) => boolean),
) {
  const value: Json | undefined = Object.hasOwn(object, key) ? object[key] : undefined;
  if (value === undefined || value === null) return undefined;
  if (!is(value)) throw badRequest(`json: cannot unmarshal ${key} of DeleteOptions`);
  return value as T;
}

const documentOf = (text: string): JsonObject => parseJson(text).value as JsonObject;

/** A document's text in the format agreed on. */
export function encodeDocument(text: string, format: Format): string | Uint8Array {
  if (format === 'json') return text;
  return format === 'yaml' ? toYaml(documentOf(text)) : documentBytes(text);
}

const headOf = (list: ListHead): JsonObject => ({
  ...{ kind: list.kind, apiVersion: list.apiVersion },
  metadata: documentOf(listMetaText(list, list.custom)),
});

/** An item that does not say what it is is what its list says: the store may hold such a one. */
const typed = (item: JsonObject, { kind, apiVersion }: ListHead): JsonObject =>
  typeof item.kind === 'string' && typeof item.apiVersion === 'string'
    ? item
    : { ...item, kind: kind.replace(/List$/, ''), apiVersion };

/** A list in protobuf. Unlike its text it is made whole, since messages stand behind their length; others have their turn meanwhile. */
export async function protobufList(list: ListHead, items: Iterable<string>): Promise<Uint8Array> {
  const messages: Uint8Array[] = [];
  for (const portion of portions(items, (text) => text.length)) {
    for (const text of portion) messages.push(encodeRightParts(typed(documentOf(text), list), toAny).value);
    await othersTurn();
  }
  return encodeProtobufList(headOf(list), messages);
}

/** A list in YAML, item by item. */
export function* yamlList(list: ListHead, items: Iterable<string>): Generator<string> {
  yield toYaml(headOf(list));
  let first = true;
  for (const text of items) {
    yield `${first ? 'items:\n' : ''}${toYaml([documentOf(text)])}`;
    first = false;
  }
  if (first) yield 'items: []\n';
}

/** An object's protobuf body, as a watch frames it. */
export const documentBytes = (text: string): Uint8Array => encodeRightParts(documentOf(text), encodeProtobuf);

/** An object's text as the bare message of its kind (gRPC). Throws ApiError BadRequest for kinds that have none. */
export const messageOf = (text: string): AnyMessage => encodeRightParts(documentOf(text), toAny);

/** The document of a bare message, as a write's body. Throws ApiError BadRequest. */
export const incomingMessage = (message: AnyMessage): Incoming => ({ document: fromAny(message), duplicates: [] });
