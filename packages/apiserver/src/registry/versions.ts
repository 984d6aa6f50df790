/**
 * A resource that is served at several versions is stored at one. A converter turns objects of one into the other; what a
 * version cannot say travels in annotations or is dropped, as Kubernetes does.
 */
import { apiVersionOf, type Definition, type JsonObject } from '@skiff/api';
import { copy, textAt } from '../patch/values.ts';
import type { Kind } from './definition-table.ts';
import { parseText } from './documents.ts';

/** Both directions return a new object whose `apiVersion` and `kind` are the target's. */
export interface Converter {
  /** From any version that was ever stored to this kind's definition. */
  fromStored(object: JsonObject): JsonObject;
  /** From this kind's definition to the version that is stored now. */
  toStored(object: JsonObject): JsonObject;
}

/** The stored object as `kind` shows it. */
export function fromStored(kind: Kind, object: JsonObject): JsonObject {
  if (kind.converter === undefined || isOf(object, kind.definition)) return object;
  return kind.converter.fromStored(object);
}

/** An object of `kind` as it is stored. */
export function toStored(kind: Kind, object: JsonObject): JsonObject {
  return kind.converter === undefined ? object : kind.converter.toStored(object);
}

/** The text of a document as `kind` shows it: copied when it is of that version already. */
export function textAsKind(kind: Kind, text: string): string {
  if (kind.converter === undefined) return text;
  const { definition } = kind;
  const head = `{"kind":${JSON.stringify(definition.kind)},"apiVersion":${JSON.stringify(apiVersionOf(definition))},`;
  if (text.startsWith(head)) return text;
  return JSON.stringify(kind.converter.fromStored(parseText(text)));
}

const isOf = (object: JsonObject, definition: Definition): boolean =>
  textAt(object, 'apiVersion') === apiVersionOf(definition) && textAt(object, 'kind') === definition.kind;

/** A converter that changes nothing but the names: for versions with equal schemas (CRD conversion strategy None). */
export function renamingConverter(
  definition: Pick<Definition, 'group' | 'version' | 'kind'>,
  stored: { readonly group: string; readonly version: string; readonly kind: string },
): Converter {
  const renamed = (object: JsonObject, to: { group: string; version: string; kind: string }): JsonObject => ({
    ...copy(object),
    kind: to.kind,
    apiVersion: apiVersionOf(to),
  });
  return {
    fromStored: (object) => renamed(object, definition),
    toStored: (object) => renamed(object, stored),
  };
}
