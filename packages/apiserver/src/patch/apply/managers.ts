/** `metadata.managedFields` as a table of managers. */
import type { Json, JsonObject } from '@skiff/api';
import { isObject, listAt, put, textAt } from '../values.ts';
import { decodeFields, encodeFields, type FieldSet, isEmpty, union } from './field-set.ts';

export type Operation = 'Apply' | 'Update';

/** One manager's claim. An applier is the same whatever version it applied; an updater counts once a version. */
export interface Manager {
  readonly name: string;
  readonly operation: Operation;
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339; '' when unknown. */
  readonly time: string;
  readonly fields: FieldSet;
}

export type Managers = ReadonlyMap<string, Manager>;

/** Names a manager's entry. */
export function managerKey(of: Pick<Manager, 'name' | 'operation' | 'apiVersion' | 'subresource'>): string {
  return JSON.stringify([of.operation, of.name, of.operation === 'Apply' ? '' : of.apiVersion, of.subresource]);
}

/** Reads an object's entries; undefined when one of them cannot be read. */
export function readManagers(object: Json | undefined): Managers | undefined {
  const result = new Map<string, Manager>();
  for (const entry of listAt(object, 'metadata', 'managedFields')) {
    const manager = readEntry(entry);
    if (manager === undefined) return undefined;
    const key = managerKey(manager);
    const twin = result.get(key);
    result.set(key, twin === undefined ? manager : { ...manager, fields: union(twin.fields, manager.fields) });
  }
  return result;
}

function readEntry(entry: Json): Manager | undefined {
  if (!isObject(entry)) return undefined;
  const operation = textAt(entry, 'operation');
  const fields = decodeFields(entry.fieldsV1 ?? {});
  const known = operation === 'Apply' || operation === 'Update';
  if (!known || fields === undefined || textAt(entry, 'fieldsType') !== 'FieldsV1') return undefined;
  return {
    name: textAt(entry, 'manager'),
    operation,
    apiVersion: textAt(entry, 'apiVersion'),
    subresource: textAt(entry, 'subresource'),
    time: textAt(entry, 'time'),
    fields,
  };
}

/** Writes the entries in Kubernetes' order: appliers first, older first. Managers of nothing are left out. */
export function writeManagers(object: JsonObject, managers: Managers): void {
  const meta = isObject(object.metadata) ? object.metadata : {};
  const entries = [...managers.values()].filter((manager) => !isEmpty(manager.fields)).sort(byOrder);
  if (entries.length === 0) delete meta.managedFields;
  else put(meta, 'managedFields', entries.map(toEntry));
}

function byOrder(a: Manager, b: Manager): number {
  for (const key of ['operation', 'time', 'name', 'apiVersion', 'subresource'] as const) {
    if (a[key] !== b[key]) return a[key] < b[key] ? -1 : 1;
  }
  return 0;
}

function toEntry(manager: Manager): JsonObject {
  return {
    manager: manager.name,
    operation: manager.operation,
    apiVersion: manager.apiVersion,
    ...(manager.time === '' ? {} : { time: manager.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: encodeFields(manager.fields),
    ...(manager.subresource === '' ? {} : { subresource: manager.subresource }),
  };
}

/** Updates by more managers than this are remembered together, so that an object does not grow with its visitors. */
const maxUpdaters = 10;

/** Folds the oldest updaters of a version into one when there are too many. */
export function capped(managers: Managers): Managers {
  const updaters = [...managers.values()].filter((manager) => manager.operation === 'Update').sort(byOrder);
  if (updaters.length <= maxUpdaters) return managers;
  const result = new Map(managers);
  for (const manager of updaters.slice(0, updaters.length - maxUpdaters + 1)) {
    result.delete(managerKey(manager));
    const ancient: Manager = { ...manager, name: 'ancient-changes' };
    const key = managerKey(ancient);
    const twin = result.get(key);
    result.set(
      key,
      twin === undefined ? ancient : { ...twin, time: manager.time, fields: union(twin.fields, manager.fields) },
    );
  }
  return result;
}
