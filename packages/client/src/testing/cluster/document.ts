/** Any object, as far as the in-memory cluster looks into it. */
import type { ApiObject, Json, JsonObject, ObjectMeta } from '@skiff/api';
import { setOwn } from '@skiff/api/json';

export interface Document extends ApiObject {
  spec?: JsonObject;
  status?: JsonObject;
}

export const toJson = (document: ApiObject): JsonObject => document as unknown as JsonObject;
export const toDocument = (object: JsonObject): Document => object as unknown as Document;

export const metaOf = (object: JsonObject): ObjectMeta => object.metadata as unknown as ObjectMeta;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A member of the object itself, never of its prototype. */
export const own = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

/** Sets a member, or takes it away when there is no value. */
export function put(object: JsonObject, key: string, value: Json | undefined): void {
  if (value === undefined) delete object[key];
  else setOwn(object, key, value);
}

/** What the cluster hands out is shared with every cache: whoever changes it has a bug, and meets it here. */
export function deepFreeze<T>(value: T): T {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
  return value;
}
