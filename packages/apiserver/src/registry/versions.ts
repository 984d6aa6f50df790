/**
 * A resource that is served at several versions is stored at one. A converter turns objects of one into the other; what a
 * version cannot say travels in annotations or is dropped, as Kubernetes does.
 */
import { apiVersionOf, type Definition, type JsonObject } from '@skiff/api';
import { copy, textAt } from '../patch/values.ts';
import type { Texts } from './contract.ts';
import type { Kind } from './definition-table.ts';
import { parseText } from './documents.ts';

/** Both directions return a new object whose `apiVersion` and `kind` are the target's. */
export interface Converter {
  /** From any version that was ever stored to this kind's definition. */
  fromStored(object: JsonObject): JsonObject;
  /** From this kind's definition to the version that is stored now. */
  toStored(object: JsonObject): JsonObject;
}

/** A document with its resourceVersion in the text. */
export interface ShownDocument {
  readonly text: string;
  readonly version: bigint;
  /** The text's bytes where they lie so, until the next change. */
  readonly bytes?: Uint8Array | undefined;
}

/** The stored object as `kind` shows it. Throws ApiError when somebody else converts it and fails. */
export async function fromStored(kind: Kind, object: JsonObject): Promise<JsonObject> {
  const [shown = object] = await allFromStored(kind, [object]);
  return kind.settle?.run(shown) ?? shown;
}

async function allFromStored(kind: Kind, objects: readonly JsonObject[]): Promise<readonly JsonObject[]> {
  const { converter, definition, convert } = kind;
  if (converter === undefined || objects.every((object) => isOf(object, definition))) return objects;
  if (convert === undefined) {
    return objects.map((object) => (isOf(object, definition) ? object : converter.fromStored(object)));
  }
  const foreign = objects.filter((object) => !isOf(object, definition));
  const converted = [...(await convert(foreign, apiVersionOf(definition)))];
  return objects.map((object) => (isOf(object, definition) ? object : (converted.shift() ?? object)));
}

/** An object of `kind` as it is stored. Throws ApiError when somebody else converts it and fails. */
export async function toStored(kind: Kind, object: JsonObject): Promise<JsonObject> {
  const { convert, definition, stored } = kind;
  if (convert === undefined || definition.version === stored.version) return renamed(kind, object);
  const [converted] = await convert([copy(object)], apiVersionOf(stored));
  return converted ?? object;
}

/** The same without asking anybody: where only the shape of the object matters. */
export function renamed(kind: Kind, object: JsonObject): JsonObject {
  return kind.converter === undefined ? object : kind.converter.toStored(object);
}

/** The text of a document as `kind` shows it. Throws like `textsAsKind`. */
export async function textAsKind(kind: Kind, document: ShownDocument): Promise<string> {
  if (kind.converter === undefined) return document.text;
  const [text = document.text] = await textsAsKind(kind, [document]);
  return text;
}

/** Objects are parsed in batches of this many, so that a long list of old ones does not hold up everybody else. */
const batchSize = 100;

/** The texts of documents as `kind` shows them: copied where they are of its version and schema already. Throws ApiError. */
export async function textsAsKind(kind: Kind, documents: readonly ShownDocument[]): Promise<Texts> {
  const { converter, definition, settle } = kind;
  if (converter === undefined) return textsOf(documents);
  const head = `{"kind":${JSON.stringify(definition.kind)},"apiVersion":${JSON.stringify(apiVersionOf(definition))},`;
  const texts = documents.map((document) => document.text);
  const old = documents.flatMap(({ text, version }, index) =>
    text.startsWith(head) && (settle === undefined || version > settle.before) ? [] : [index],
  );
  for (let start = 0; start < old.length; start += batchSize) {
    if (start > 0) await new Promise(setImmediate);
    const batch = old.slice(start, start + batchSize);
    const shown = await allFromStored(
      kind,
      batch.map((index) => parseText(texts[index] ?? '')),
    );
    for (const [place, index] of batch.entries()) {
      const object = shown[place] ?? {};
      texts[index] = JSON.stringify(settle?.run(object) ?? object);
    }
  }
  return texts;
}

const textsOf = (documents: readonly ShownDocument[]): Texts => ({
  length: documents.length,
  *[Symbol.iterator]() {
    for (const { text } of documents) yield text;
  },
  *parts() {
    for (const document of documents) yield document.bytes ?? document.text;
  },
  map: (as) => documents.map(({ text }) => as(text)),
});

const isOf = (object: JsonObject, definition: Definition): boolean =>
  textAt(object, 'apiVersion') === apiVersionOf(definition) && textAt(object, 'kind') === definition.kind;

/** A converter that changes nothing but the names: for versions with equal schemas (CRD conversion strategy None). */
export function renamingConverter(
  definition: Pick<Definition, 'group' | 'version' | 'kind'>,
  stored: { readonly group: string; readonly version: string; readonly kind: string },
): Converter {
  const as = (object: JsonObject, to: { group: string; version: string; kind: string }): JsonObject => ({
    ...copy(object),
    kind: to.kind,
    apiVersion: apiVersionOf(to),
  });
  return {
    fromStored: (object) => as(object, definition),
    toStored: (object) => as(object, stored),
  };
}
