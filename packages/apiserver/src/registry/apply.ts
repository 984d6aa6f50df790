/** Server-side apply (KEP-555): PATCH with the configuration that a manager wants. */
import { ApiError, apiVersionOf, badRequest, conflict, type JsonObject, type Schema } from '@skiff/api';
import { configurationFault } from '../patch/apply/configuration-faults.ts';
import { ApplyConflict, type Conflict } from '../patch/apply/conflicts.ts';
import { difference, isEmpty, union } from '../patch/apply/field-set.ts';
import { lastAppliedFields, lastAppliedPath, renewLastApplied } from '../patch/apply/last-applied.ts';
import { type Managers, writeManagers } from '../patch/apply/managers.ts';
import { type Applied, applyConfiguration, ownersAfterUpdate, type Writer } from '../patch/apply/ownership.ts';
import { copy, isObject, textAt } from '../patch/values.ts';
import type { Answer, PatchBody } from './contract.ts';
import { decodableOf, decodeAs, decodePatched, unmarshalErrors } from './decode.ts';
import type { Env } from './env.ts';
import { type Change, guaranteedUpdate } from './guaranteed-update.ts';
import { managersOf, refuseManagedFields, skeletonOf, versionsOf, writerOf } from './managed-fields.ts';
import { checkName, metaOf, nameOf, namespaceOf, resourceVersionOf, settleNamespace, uidOf } from './meta.ts';
import { isLarge, othersTurn } from './turns.ts';

type Applying = Pick<Change, 'context' | 'kind' | 'target' | 'options' | 'view'> & { readonly body: PatchBody };

/** Creates or changes the object. Throws Conflict with a cause for each field that others own. */
export async function applyOne(env: Env, applying: Applying): Promise<Answer> {
  const { context, kind, target, options, view, body } = applying;
  const large = isLarge(body.size);
  const config = readConfiguration(applying);
  const writer = writerOf(env, applying);
  validateOnce(applying);
  return guaranteedUpdate(env, {
    context,
    kind,
    target,
    options,
    view,
    large,
    allowCreate: view === undefined,
    managed: true,
    async make(old, large) {
      const live = old ?? emptyObject(applying);
      checkPreconditions(applying, config, old);
      const { object, managers } = applied(env, applying, live, copy(config), writer);
      if (large) await othersTurn();
      const decoding = { context, shown: decodableOf(kind), duplicates: [], options, large };
      const made = await decodePatched(decoding, () => copy(object));
      if (large) await othersTurn();
      delete metaOf(made).managedFields;
      writeManagers(made, managers);
      return made;
    },
  });
}

/** Keys that stand twice in the configuration. Throws BadRequest in Kubernetes' words. */
function validateOnce({ context, options, body }: Applying): void {
  if (body.duplicates.length === 0) return;
  if (options.fieldValidation === 'Strict')
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${unmarshalErrors(body.duplicates)}`);
  if (options.fieldValidation !== 'Ignore') for (const text of body.duplicates) context.warn(text);
}

function emptyObject({ kind, target }: Applying): JsonObject {
  const { definition } = kind;
  return {
    kind: definition.kind,
    apiVersion: apiVersionOf(definition),
    metadata: { name: target.name, ...(definition.namespaced ? { namespace: target.namespace } : {}) },
  };
}

/** The configuration, checked against the request and the schema. Throws BadRequest. */
function readConfiguration({ kind, target, body }: Applying): JsonObject {
  const sent = body.patch ?? {};
  if (!isObject(sent)) throw badRequest('error decoding YAML: an applied configuration must be an object');
  const config = copy(sent);
  const { definition } = kind;
  const { group, version, kind: name } = definition;
  if (textAt(config, 'apiVersion') !== apiVersionOf(definition) || textAt(config, 'kind') !== name)
    throw badRequest(`invalid object type: ${typeText(config)}`);
  refuseManagedFields(config);
  // It is spoken of as it came: a namespace that it does not name is not told.
  const about = `${namespaceOf(config)}/${nameOf(config)}; ${group}/${version}, Kind=${name}`;
  const refused = (why: string) => badRequest(`failed to create typed patch object (${about}): ${why}`);
  const unowned = configurationFault(config, definition.schema());
  if (unowned !== undefined) throw refused(unowned);
  settleNamespace(config, definition.namespaced ? target.namespace : '');
  if (nameOf(config) === '') metaOf(config).name = target.name;
  checkName(config, target.name);
  const { value, faults } = decodeAs(decodableOf(kind), config);
  const [fault] = faults;
  if (fault !== undefined) throw refused(fault);
  return value as JsonObject;
}

/** Go's text of what a configuration says it is; an apiVersion of more than two parts says nothing. */
function typeText(config: JsonObject): string {
  const parts = textAt(config, 'apiVersion').split('/');
  if (parts.length > 2) return '/, Kind=';
  const version = parts.pop() ?? '';
  return `${parts[0] ?? ''}/${version}, Kind=${textAt(config, 'kind')}`;
}

/** A configuration may name the version or the uid it was made for. */
function checkPreconditions({ target }: Applying, config: JsonObject, old: JsonObject | undefined): void {
  const version = resourceVersionOf(config);
  const isStale = version !== '' && (old === undefined || version !== resourceVersionOf(old));
  if (isStale) {
    throw conflict(
      target,
      target.name,
      'the object has been modified; please apply your changes to the latest version and try again',
    );
  }
  const uid = uidOf(config);
  if (uid !== '' && old === undefined) {
    throw conflict(
      target,
      target.name,
      `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    );
  }
}

function applied(env: Env, applying: Applying, live: JsonObject, config: JsonObject, writer: Writer): Applied {
  const { kind, body } = applying;
  const versions = versionsOf(env, kind);
  const managers = claimsBefore(env, applying, live, writer);
  const run = (force: boolean): Applied => applyConfiguration(live, config, managers, writer, versions, force);
  try {
    const result = runOrUpgrade(run, body.force, writer, live, kind.definition.schema());
    if (writer.name === 'kubectl') renewLastApplied(result.object, config);
    return result;
  } catch (error) {
    if (error instanceof ApplyConflict) throw new ApiError('Conflict', error.message, { causes: error.causes() });
    throw error;
  }
}

/** An object without claims gets one for all that is there, so that the first apply can tell what it changes. */
function claimsBefore(env: Env, { kind }: Applying, live: JsonObject, writer: Writer): Managers {
  const managers = managersOf(live, undefined);
  if (managers.size > 0) return managers;
  const before = { ...writer, name: 'before-first-apply', subresource: '' };
  const skeleton = skeletonOf(kind)(live);
  return ownersAfterUpdate(managers, before, versionsOf(env, kind), skeleton, live);
}

/** kubectl may take over what its own client-side apply set, and nothing else. */
function runOrUpgrade(
  run: (force: boolean) => Applied,
  force: boolean,
  writer: Writer,
  live: JsonObject,
  schema: Schema,
): Applied {
  try {
    return run(force);
  } catch (error) {
    const allowed = writer.name === 'kubectl' ? lastAppliedFields(live, schema) : undefined;
    if (!(error instanceof ApplyConflict) || allowed === undefined) throw error;
    const own = union(allowed, lastAppliedPath);
    const left: Conflict[] = error.conflicts
      .map((each) => ({ ...each, fields: difference(each.fields, own) }))
      .filter((each) => !isEmpty(each.fields));
    if (left.length > 0) throw new ApplyConflict(left);
    return run(true);
  }
}
