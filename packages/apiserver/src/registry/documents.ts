/**
 * Documents as text. The store keeps `kind`, `apiVersion` and `metadata` first and no resourceVersion (that is the store's
 * version of the key), so that a reader can splice it in without parsing.
 */
import type { Json, JsonObject, Logger } from '@skiff/api';
import { parseJson } from '@skiff/api/json';
import { type FieldSet, sharedText } from '../patch/apply/field-set.ts';
import { childObject, isObject, put } from '../patch/values.ts';
import type { StoredDocument } from '../storage/contract.ts';
import { withResourceVersion as splice } from '../watch/splice.ts';

/** The text to store. */
export function toStoredText(object: JsonObject): string {
  const metadata = isObject(object.metadata) ? object.metadata : {};
  return written(object, { ...metadata, resourceVersion: undefined });
}

/** The object's text with the members every reader looks for first. */
export const toText = (object: JsonObject): string => written(object, object.metadata);

type Members = Readonly<Record<string, Json | undefined>>;

const behindHead = { kind: undefined, apiVersion: undefined, metadata: undefined };

/** Members that are undefined are left out. */
function written(object: JsonObject, metadata: Json | Members | undefined): string {
  const { kind, apiVersion } = object;
  const claims = claimsText(metadata);
  if (claims === undefined) return JSON.stringify({ kind, apiVersion, ...object, metadata });
  const head = JSON.stringify({ kind, apiVersion, metadata: { ...(metadata as Members), managedFields: undefined } });
  const rest = JSON.stringify({ ...object, ...behindHead }).slice(1);
  return `${head.slice(0, -2)}${head.endsWith('{}}') ? '' : ','}"managedFields":[${claims}]}${rest === '}' ? '' : ','}${rest}`;
}

/**
 * The one claim of a new object, when its fields are those of many others: they are a third of its text, written once for all, and the engine
 * would leave its quick way of writing the whole object over them. Undefined for all other claims.
 */
function claimsText(metadata: Json | Members | undefined): string | undefined {
  const claims = isObject(metadata) ? metadata.managedFields : undefined;
  if (!Array.isArray(claims) || claims.length !== 1) return undefined;
  const [claim] = claims;
  const fields =
    isObject(claim) && isObject(claim.fieldsV1) ? sharedText(claim.fieldsV1 as unknown as FieldSet) : undefined;
  if (fields === undefined) return undefined;
  return `${JSON.stringify({ ...(claim as JsonObject), fieldsV1: undefined }).slice(0, -1)},"fieldsV1":${fields}}`;
}

/** The stored text with `metadata.resourceVersion` in it. */
export function withResourceVersion(document: Pick<StoredDocument, 'text' | 'version'>): string {
  return splice(document.text, document.version);
}

/** The object of a text that this server wrote; integers beyond 2^53 stay exact. */
export function parseText(text: string): JsonObject {
  return parseJson(text).value as JsonObject;
}

/** The object of a stored text, or undefined when it is none: whoever writes to the store itself may write anything. The log names its key. */
export function readStoredText(
  { key, text }: Pick<StoredDocument, 'key' | 'text'>,
  logger: Logger,
): JsonObject | undefined {
  try {
    const object: Json = parseText(text);
    if (isObject(object)) return object;
    throw new SyntaxError('the document is no object');
  } catch (err) {
    logger.error({ err, key }, 'a stored document cannot be read; it is left out');
    return undefined;
  }
}

/** The object of a stored document, resourceVersion included. */
export function toObject(document: Pick<StoredDocument, 'text' | 'version'>): JsonObject {
  const object = parseText(document.text);
  put(childObject(object, 'metadata'), 'resourceVersion', String(document.version));
  return object;
}
