/** What updates of a part leave as it is. */
import type { JsonObject } from '@skiff/api';
import { copy, own, put } from '../patch/values.ts';
import { metaOf } from './meta.ts';

/** The old metadata, with the new record of who manages what. */
export function keepAllMetaButManagers(object: JsonObject, old: JsonObject): void {
  const managedFields = own(metaOf(object), 'managedFields');
  const meta = copy(metaOf(old));
  if (managedFields === undefined) delete meta.managedFields;
  else put(meta, 'managedFields', managedFields);
  put(object, 'metadata', meta);
}

/** Everything but `status` and `metadata` is the old object's: not a copy of it, since nobody changes it any more. */
export function keepAllButStatus(object: JsonObject, old: JsonObject): void {
  for (const key of new Set([...Object.keys(object), ...Object.keys(old)])) {
    if (key === 'status' || key === 'metadata') continue;
    const kept = own(old, key);
    if (kept === undefined) delete object[key];
    else put(object, key, kept);
  }
}
