/** The metadata that the server owns: names, uids, times and the rules for changing them (registry/rest of Kubernetes). */
import { badRequest, formatTime, type Json, type JsonObject, type Random, uuid } from '@skiff/api';
import { at, childObject, copy, listAt, own, put, textAt } from '../patch/values.ts';

/** `metadata`, made when it is not there. */
export function metaOf(object: JsonObject): JsonObject {
  return childObject(object, 'metadata');
}

export const nameOf = (object: JsonObject): string => textAt(object, 'metadata', 'name');
export const namespaceOf = (object: JsonObject): string => textAt(object, 'metadata', 'namespace');
export const uidOf = (object: JsonObject): string => textAt(object, 'metadata', 'uid');
export const resourceVersionOf = (object: JsonObject): string => textAt(object, 'metadata', 'resourceVersion');

/** Finalizers as texts. */
export function finalizersOf(object: JsonObject): readonly string[] {
  return listAt(object, 'metadata', 'finalizers').filter((each) => typeof each === 'string');
}

/** Puts a value, or takes the key away when there is none. */
export function putOrDelete(object: JsonObject, key: string, value: Json | undefined): void {
  if (value === undefined) delete object[key];
  else put(object, key, copy(value));
}

const systemFields = [
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'generation',
];

/** Forgets what a creator may not choose. */
export function wipeSystemFields(object: JsonObject): void {
  const meta = metaOf(object);
  for (const name of systemFields) delete meta[name];
}

export function fillSystemFields(object: JsonObject, nowMs: number, random: Random): void {
  const meta = metaOf(object);
  put(meta, 'uid', uuid(random));
  put(meta, 'creationTimestamp', formatTime(nowMs));
}

/** Makes the object's namespace the request's. Throws BadRequest when it names another one. */
export function settleNamespace(object: JsonObject, namespace: string): void {
  const meta = metaOf(object);
  const named = textAt(meta, 'namespace');
  if (named !== '' && namespace !== '' && named !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (namespace === '') delete meta.namespace;
  else put(meta, 'namespace', namespace);
}

/** Throws BadRequest unless the object has the name of the URL. */
export function checkName(object: JsonObject, name: string): void {
  const named = nameOf(object);
  if (named !== name) {
    throw badRequest(`the name of the object (${named}) does not match the name on the URL (${name})`);
  }
}

/** What no update may change comes from the old object (rest.BeforeUpdate). */
export function keepSystemFields(object: JsonObject, old: JsonObject): void {
  const meta = metaOf(object);
  const before = metaOf(old);
  if (textAt(meta, 'uid') === '') putOrDelete(meta, 'uid', own(before, 'uid'));
  putOrDelete(meta, 'creationTimestamp', own(before, 'creationTimestamp'));
  // What was not there is not taken away: it is a fault.
  const deleted = own(before, 'deletionTimestamp');
  if (deleted !== undefined) put(meta, 'deletionTimestamp', deleted);
  const grace = own(before, 'deletionGracePeriodSeconds');
  if (grace !== undefined && own(meta, 'deletionGracePeriodSeconds') === undefined)
    put(meta, 'deletionGracePeriodSeconds', grace);
  delete meta.selfLink;
}

/** Drops ownerReferences that stand twice and tells their uids. */
export function dedupeOwnerReferences(object: JsonObject): readonly string[] {
  const references = listAt(object, 'metadata', 'ownerReferences');
  if (references.length < 2) return [];
  const kept = new Map<string, Json>();
  const dropped: string[] = [];
  for (const reference of references) {
    const text = referenceText(reference);
    if (kept.has(text)) dropped.push(textAt(reference, 'uid'));
    else kept.set(text, reference);
  }
  if (dropped.length > 0) put(metaOf(object), 'ownerReferences', [...kept.values()]);
  return dropped;
}

const referenceText = (reference: Json): string =>
  JSON.stringify(
    ['apiVersion', 'kind', 'name', 'uid', 'controller', 'blockOwnerDeletion'].map((name) => at(reference, name)),
  );
