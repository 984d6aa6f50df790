/**
 * Documents as text. The store keeps `kind`, `apiVersion` and `metadata` first and no resourceVersion (that is the store's
 * version of the key), so that a reader can splice it in without parsing.
 */
import { type JsonObject, parseJson } from '@skiff/api';
import { childObject, objectAt, put } from '../patch/values.ts';
import type { StoredDocument } from '../storage/contract.ts';
import { withResourceVersion as splice } from '../watch/splice.ts';

/** The text to store. */
export function toStoredText(object: JsonObject): string {
  const { resourceVersion: _, ...metadata } = objectAt(object, 'metadata') ?? {};
  return toText({ ...object, metadata });
}

/** The object's text with the members every reader looks for first. */
export function toText(object: JsonObject): string {
  const { kind, apiVersion, metadata, ...rest } = object;
  return JSON.stringify({ kind, apiVersion, metadata, ...rest });
}

/** The stored text with `metadata.resourceVersion` in it. */
export function withResourceVersion(document: Pick<StoredDocument, 'text' | 'version'>): string {
  return splice(document.text, document.version);
}

/** The object of a text that this server wrote; integers beyond 2^53 stay exact. */
export function parseText(text: string): JsonObject {
  return parseJson(text).value as JsonObject;
}

/** The object of a stored document, resourceVersion included. */
export function toObject(document: Pick<StoredDocument, 'text' | 'version'>): JsonObject {
  const object = parseText(document.text);
  put(childObject(object, 'metadata'), 'resourceVersion', String(document.version));
  return object;
}
