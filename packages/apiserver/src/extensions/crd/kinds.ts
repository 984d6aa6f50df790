/** From a CustomResourceDefinition to the kinds it serves: one a version, in the table like every built-in one. */
import {
  type Definition,
  type FieldError,
  field,
  type JsonObject,
  type ObjectSchema,
  type SubresourceDefinition,
  type Verb,
} from '@skiff/api';
import { applySchemaDefaults, prune } from '@skiff/api/validation';
import { isObject, own, put, textAt } from '../../patch/values.ts';
import { customKind } from '../../registry/custom-kinds.ts';
import type { Kind, ScalePaths, StoredAs } from '../../registry/definition-table.ts';
import { hasRules, type RuleChecker, ruleChecker } from '../cel/check-rules.ts';
import { decodeCustom } from '../schema/decode-custom.ts';
import { embeddedFaults } from '../schema/embedded.ts';
import { type JsonSchema, propertyOf } from '../schema/json-schema.ts';
import { duplicateItems } from '../schema/lists.ts';
import { dropNulls } from '../schema/nulls.ts';
import { toObjectSchema } from '../schema/to-schema.ts';
import { validateValue } from '../schema/validate-value.ts';
import { columnsOf, finder } from './columns.ts';
import type { Crd, Names, Version } from './types.ts';

export interface CrdKindsOptions {
  /** The names to serve it by. */
  readonly names: Names;
  /** Documents up to this store revision may be from before the present schema. */
  readonly before: bigint;
  readonly terminating: boolean;
  /** Converts between versions; absent: they differ in name only. */
  readonly convert?: NonNullable<Kind['convert']>;
}

const allVerbs: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const partVerbs: readonly Verb[] = ['get', 'patch', 'update'];

/** The kinds of all served versions. */
export function kindsOf(crd: Crd, options: CrdKindsOptions): readonly Kind[] {
  const { group = '', versions = [] } = crd.spec ?? {};
  const { plural = '', kind = '' } = options.names;
  const storage = versions.find((version) => version.storage === true);
  const stored: StoredAs = { group, version: storage?.name ?? '', resource: plural, kind };
  return versions.filter((version) => version.served === true).map((version) => kindOf(crd, version, stored, options));
}

function kindOf(crd: Crd, version: Version, stored: StoredAs, options: CrdKindsOptions): Kind {
  const raw: JsonSchema = version.schema?.openAPIV3Schema ?? { type: 'object' };
  let converted: ObjectSchema | undefined;
  const schema = (): ObjectSchema => {
    converted ??= toObjectSchema(raw);
    return converted;
  };
  const definition = definitionOf(crd, version, stored, options.names, { schema, raw });
  const complete = (object: JsonObject): void => {
    dropNulls(raw, object);
    applySchemaDefaults(schema(), object);
  };
  const { convert, before, terminating } = options;
  const fields = selectableOf(version);
  const storedFields = convert === undefined ? selectableOfAll(crd.spec?.versions ?? []) : undefined;
  const scale = scaleOf(version);
  return customKind({
    ...{ definition, stored, terminating, columns: columnsOf(version), check: checkOf(raw) },
    ...(fields === undefined ? {} : { selectableFields: fields }),
    ...(storedFields === undefined ? {} : { storedFields }),
    ...(scale === undefined ? {} : { scale }),
    documents: {
      decode: (document) => decodeCustom(schema(), document),
      complete,
      settle: { before, run: (object) => settled(schema(), complete, object) },
      ...(convert === undefined ? {} : { convert }),
    },
    ...(version.deprecated === true ? { deprecation: deprecationOf(definition, version) } : {}),
  });
}

function deprecationOf({ group, version, kind }: Definition, { deprecationWarning }: Version): string {
  return deprecationWarning ?? `${group}/${version} ${kind} is deprecated`;
}

function definitionOf(
  crd: Crd,
  version: Version,
  stored: StoredAs,
  names: Names,
  schemas: { readonly schema: () => ObjectSchema; readonly raw: JsonSchema },
): Definition {
  const subresources: SubresourceDefinition[] = [];
  if (version.subresources?.status !== undefined) subresources.push({ name: 'status', verbs: partVerbs });
  if (version.subresources?.scale !== undefined) {
    const kind = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
    subresources.push({ name: 'scale', kind, verbs: partVerbs });
  }
  return {
    group: stored.group,
    version: version.name ?? '',
    kind: stored.kind,
    listKind: names.listKind ?? `${stored.kind}List`,
    resource: stored.resource,
    singular: names.singular ?? '',
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: crd.spec?.scope !== 'Cluster',
    verbs: allVerbs,
    subresources,
    storage: stored,
    schema: schemas.schema,
    openApi: () => schemas.raw as unknown as JsonObject,
  };
}

/** What an old document becomes: without what the schema no longer knows, with the defaults it has now. */
function settled(schema: ObjectSchema, complete: (object: JsonObject) => void, object: JsonObject): JsonObject {
  const { metadata, ...rest } = object;
  const { value } = prune(schema, rest);
  const kept = isObject(value) ? value : {};
  const { kind, apiVersion, ...others } = kept;
  const whole: JsonObject = { kind: kind ?? null, apiVersion: apiVersion ?? null, metadata: metadata ?? {}, ...others };
  complete(whole);
  return whole;
}

function scaleOf(version: Version): ScalePaths | undefined {
  const scale = version.subresources?.scale;
  if (scale === undefined) return undefined;
  const { specReplicasPath = '', statusReplicasPath = '', labelSelectorPath } = scale;
  return {
    specReplicas: specReplicasPath,
    statusReplicas: statusReplicasPath,
    ...(labelSelectorPath === undefined || labelSelectorPath === '' ? {} : { labelSelector: labelSelectorPath }),
  };
}

function selectableOf(
  version: Version,
): ((object: Readonly<Record<string, unknown>>) => Record<string, string>) | undefined {
  const { selectableFields = [] } = version;
  if (selectableFields.length === 0) return undefined;
  const fields = selectableFields.map(({ jsonPath = '' }) => ({ name: jsonPath.slice(1), find: finder(jsonPath) }));
  return (object) => {
    const found: Record<string, string> = Object.create(null) as Record<string, string>;
    for (const { name, find } of fields) {
      const value = find(object as JsonObject);
      found[name] = value === undefined || value === null ? '' : String(value);
    }
    return found;
  };
}

/** Versions that differ in name only have the same fields; each may select by others of them. */
function selectableOfAll(versions: readonly Version[]): ReturnType<typeof selectableOf> {
  const all = versions.map(selectableOf).filter((each) => each !== undefined);
  if (all.length === 0) return undefined;
  return (object) => Object.assign(Object.create(null) as Record<string, string>, ...all.map((each) => each(object)));
}

/** What the schema says of an object's values, and of the change when there was one before. */
function checkOf(schema: JsonSchema): NonNullable<Kind['check']> {
  let rules: RuleChecker | undefined;
  let ruled: boolean | undefined;
  return async (object, old, subresource) => {
    const faults = subresource === 'status' ? statusFaults(schema, object, old) : objectFaults(schema, object, old);
    ruled ??= hasRules(schema);
    if (!ruled) return faults;
    if (faults.some(({ reason }) => ofShape.has(reason))) return [...faults, unchecked];
    rules ??= ruleChecker(schema);
    return [...faults, ...(await rules(object, old))];
  };
}

/** Rules are written for objects of the right shape: with one of these faults they are not asked (apiextensions' hasBlockingErr). */
const ofShape: ReadonlySet<FieldError['reason']> = new Set([
  ...(['FieldValueNotSupported', 'FieldValueRequired', 'FieldValueTooLong'] as const),
  ...(['FieldValueTooMany', 'FieldValueTypeInvalid'] as const),
]);

const unchecked = field.invalid(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
);

function objectFaults(schema: JsonSchema, object: JsonObject, old: JsonObject | undefined): FieldError[] {
  const faults = [...validateValue(schema, bare(object), old === undefined ? undefined : bare(old))];
  faults.push(...embeddedFaults(schema, object));
  if (old === undefined || duplicateItems(schema, old).length === 0) faults.push(...duplicateItems(schema, object));
  return faults;
}

/** Of its metadata a schema may judge the names only. */
function bare(object: JsonObject): JsonObject {
  const metadata: JsonObject = {};
  for (const name of ['name', 'generateName']) {
    const value = textAt(object, 'metadata', name);
    if (value !== '') put(metadata, name, value);
  }
  return { ...object, metadata };
}

function statusFaults(schema: JsonSchema, object: JsonObject, old: JsonObject | undefined): FieldError[] {
  const status = own(object, 'status');
  const statusSchema = propertyOf(schema, 'status');
  if (status === undefined || statusSchema === undefined) return [];
  const before = old === undefined ? undefined : own(old, 'status');
  return [
    ...validateValue(statusSchema, status, before, ['status']),
    ...duplicateItems(statusSchema, status, ['status']),
  ];
}
