/**
 * Who owns what after a write (KEP-555; structured-merge-diff's Updater): an update owns what it changed, an apply owns what
 * it says, what an apply stops saying disappears when nobody else says it. Pure.
 */
import type { Json, JsonObject, Schema } from '@skiff/api';
import { same } from '../values.ts';
import { ApplyConflict, type Conflict } from './conflicts.ts';
import { creatorFields } from './creator-fields.ts';
import {
  difference,
  emptySet,
  type FieldSet,
  intersection,
  isEmpty,
  recursiveDifference,
  setOf,
  union,
} from './field-set.ts';
import { type Comparison, compareObjects, fieldsOf } from './fields-of.ts';
import { capped, type Manager, type Managers, managerKey } from './managers.ts';
import { mergeApplied, removeFields, unionOf, withNamedParents } from './merge.ts';

/** An object as one of its versions shows it. Undefined for versions that are not served: their claims lapse. */
export interface Version {
  readonly schema: Schema;
  convert(object: JsonObject): JsonObject;
}
export type Versions = (apiVersion: string) => Version | undefined;

export interface Writer {
  readonly name: string;
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339. */
  readonly time: string;
  /** Fields that this way of writing never sets (`status` outside its subresource). */
  readonly reset: FieldSet;
}

/** Nobody owns what names the object or what the server fills in. */
const unowned = setOf(
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((name) => ['f:metadata', `f:${name}`]),
);

const stripped = (set: FieldSet): FieldSet => difference(set, unowned);

/** What changed from `before` to `after`, as one version shows it; each version is compared once. */
type Comparing = (apiVersion: string) => Comparison | undefined;

function comparing(versions: Versions, before: JsonObject, after: JsonObject): Comparing {
  const known = new Map<string, Comparison | undefined>();
  return (apiVersion) => {
    if (!known.has(apiVersion)) known.set(apiVersion, compareAt(versions(apiVersion), before, after));
    return known.get(apiVersion);
  };
}

function compareAt(version: Version | undefined, before: JsonObject, after: JsonObject): Comparison | undefined {
  if (version === undefined) return undefined;
  const compared = compareObjects(version.convert(before), version.convert(after), version.schema);
  return {
    added: stripped(compared.added),
    modified: stripped(compared.modified),
    removed: stripped(compared.removed),
  };
}

/** The managers but `except`, without what a change took from them; and what that was. */
function takenFrom(
  managers: Managers,
  except: string,
  compare: Comparing,
): { readonly left: Map<string, Manager>; readonly conflicts: readonly Conflict[] } {
  const left = new Map<string, Manager>();
  const conflicts: Conflict[] = [];
  for (const [key, manager] of managers) {
    if (key === except) {
      left.set(key, manager);
      continue;
    }
    const compared = compare(manager.apiVersion);
    if (compared === undefined) continue;
    const lost = intersection(manager.fields, union(compared.modified, compared.added));
    if (!isEmpty(lost)) conflicts.push({ manager, fields: lost });
    const fields = difference(difference(manager.fields, lost), compared.removed);
    if (!isEmpty(fields)) left.set(key, { ...manager, fields });
  }
  return { left, conflicts };
}

/** The managers after `writer` changed `before` into `after` by an update or any patch but apply. */
export function ownersAfterUpdate(
  managers: Managers,
  writer: Writer,
  versions: Versions,
  before: JsonObject,
  after: JsonObject,
): Managers {
  const compare = comparing(versions, before, after);
  const { left } = takenFrom(managers, '', compare);
  const compared = compare(writer.apiVersion);
  if (compared === undefined) return left;
  const written = recursiveDifference(union(compared.modified, compared.added), writer.reset);
  if (isEmpty(written)) return left;
  const key = managerKey({ ...writer, operation: 'Update' });
  const fields = union(left.get(key)?.fields ?? emptySet, written);
  left.set(key, toManager(writer, 'Update', fields));
  return capped(left);
}

/** The managers of an object that `writer` creates, which `skeleton` makes an empty one of. */
export function ownersOfNew(
  writer: Writer,
  { schema }: Pick<Version, 'schema'>,
  skeleton: (object: JsonObject) => JsonObject,
  object: JsonObject,
): Managers {
  const fields = creatorFields(object, schema, writer.reset, () => {
    const { modified, added } = compareObjects(skeleton(object), object, schema);
    return recursiveDifference(stripped(union(modified, added)), writer.reset);
  });
  if (isEmpty(fields)) return new Map();
  return new Map([[managerKey({ ...writer, operation: 'Update' }), toManager(writer, 'Update', fields)]]);
}

const toManager = (writer: Writer, operation: Manager['operation'], fields: FieldSet): Manager => ({
  name: writer.name,
  operation,
  apiVersion: writer.apiVersion,
  subresource: writer.subresource,
  time: writer.time,
  fields,
});

export interface Applied {
  readonly object: JsonObject;
  readonly managers: Managers;
}

/**
 * The live object with the configuration applied, and its managers. Throws ApplyConflict when it would change what others
 * own and `force` is not given; forced, it takes that over. `live` must have its claims in `managers`.
 */
export function applyConfiguration(
  live: JsonObject,
  config: JsonObject,
  managers: Managers,
  writer: Writer,
  versions: Versions,
  force: boolean,
): Applied {
  const version = versions(writer.apiVersion);
  if (version === undefined) throw new Error(`there is no schema of ${writer.apiVersion}`);
  const key = managerKey({ ...writer, operation: 'Apply' });
  const last = managers.get(key);
  const said = recursiveDifference(fieldsOf(config, version.schema), writer.reset);
  const fields = stripped(said);
  const claimed = new Map(managers).set(key, toManager(writer, 'Apply', fields));
  const merged = mergeApplied(live, config, version.schema) as JsonObject;
  const object = pruned(merged, last?.fields, [said, ...[...claimed.values()].map((each) => each.fields)], version);
  const { left, conflicts } = takenFrom(claimed, key, comparing(versions, live, object));
  if (conflicts.length > 0 && !force) throw new ApplyConflict(conflicts);
  if (isEmpty(fields)) left.delete(key);
  // What changes nothing is no news: the old time stays, and a new manager has none.
  const claim = left.get(key);
  if (claim !== undefined && same(object as Json, live as Json)) left.set(key, { ...claim, time: last?.time ?? '' });
  return { object, managers: left };
}

/** Takes out what the last apply said and `claimed` does not hold: what this one says, its name too, and every manager's. */
function pruned(
  merged: JsonObject,
  last: FieldSet | undefined,
  claimed: readonly FieldSet[],
  version: Version,
): JsonObject {
  if (last === undefined) return merged;
  const claims = unionOf(claimed);
  if (isEmpty(difference(last, claims))) return merged;
  const { schema } = version;
  const lastNamed = withNamedParents(last, schema);
  const owned = withNamedParents(claims, schema);
  const all = withNamedParents(fieldsOf(merged, schema), schema);
  // Without the last apply's fields; then put back what somebody owns, and what that apply never said.
  const bare = withNamedParents(fieldsOf(removeFields(merged, lastNamed, schema), schema), schema);
  const withOwned = removeFields(merged, difference(all, union(bare, owned)), schema);
  const kept = withNamedParents(fieldsOf(withOwned, schema), schema);
  return removeFields(merged, intersection(difference(all, kept), lastNamed), schema) as JsonObject;
}
