/** Keeps `metadata.managedFields` in step with who wrote what. */
import { apiVersionOf, badRequest, formatTime, type JsonObject } from '@skiff/api';
import { refuseTooManyKeys } from '@skiff/api/json';
import { emptySet, type FieldSet, setOf, sizeOf } from '../patch/apply/field-set.ts';
import { type Managers, readManagers, writeManagers } from '../patch/apply/managers.ts';
import { ownersAfterUpdate, ownersOfNew, type Versions, type Writer } from '../patch/apply/ownership.ts';
import { at, isObject, listAt, own, put, same } from '../patch/values.ts';
import type { RequestContext, Target, WriteOptions } from './contract.ts';
import type { Kind } from './definition-table.ts';
import type { Env } from './env.ts';
import { metaOf, putOrDelete } from './meta.ts';
import { othersTurn } from './turns.ts';
import { renamed } from './versions.ts';

/** What tells who writes. */
export interface Writing {
  readonly context: RequestContext;
  readonly kind: Kind;
  readonly target: Target;
  readonly options: WriteOptions;
}

const maxManagerLength = 128;
const plain = /^[ -~]*$/;

/** The first part of a user agent, without control characters. */
function agentName(userAgent: string): string {
  const [name = ''] = userAgent.split('/', 1);
  if (name.length <= maxManagerLength && plain.test(name)) return name;
  const shown = [...name.replace(/[^\x20-\x7e\P{ASCII}]/gu, '')];
  return shown.slice(0, maxManagerLength).join('');
}

/** The writer's name: the field manager, else the first part of the user agent. */
export function writerOf(env: Env, writing: Writing): Writer {
  const { context, kind, target, options } = writing;
  return {
    name: options.fieldManager || agentName(context.userAgent) || 'unknown',
    apiVersion: apiVersionOf(kind.definition),
    subresource: target.subresource,
    time: formatTime(env.clock.now()),
    reset: resetFields(kind, target.subresource),
  };
}

const statusOnly = setOf(['f:status']);
const allButStatus = setOf(['f:spec']);
const allButStatusAndMeta = setOf(['f:spec'], ['f:metadata']);

/** What a write through this way never sets, and so never owns. */
function resetFields(kind: Kind, subresource: string): FieldSet {
  const hasStatus = kind.definition.subresources.some((each) => each.name === 'status');
  if (subresource === '') return hasStatus ? statusOnly : emptySet;
  if (subresource !== 'status') return emptySet;
  return kind.custom === true ? allButStatusAndMeta : allButStatus;
}

/** The versions of the kind's resource, and how to show an object of `kind` at each. */
export function versionsOf(env: Env, kind: Kind): Versions {
  const isSibling = (each: Kind, apiVersion: string): boolean =>
    apiVersionOf(each.definition) === apiVersion &&
    each.stored.group === kind.stored.group &&
    each.stored.resource === kind.stored.resource;
  return (apiVersion) => {
    const itself = apiVersionOf(kind.definition) === apiVersion ? kind : undefined;
    const sibling = itself ?? env.table.all().find((each) => isSibling(each, apiVersion));
    if (sibling === undefined) return undefined;
    return {
      schema: sibling.definition.schema(),
      convert: (object) => (sibling === kind ? object : shownAs(sibling, renamed(kind, object))),
    };
  };
}

/** Fields are compared by their names: nobody else is asked to convert. */
const shownAs = (kind: Kind, stored: JsonObject): JsonObject => kind.converter?.fromStored(stored) ?? stored;

/** The claims on `object`; when they cannot be read, those on `fallback`, or none. */
export function managersOf(object: JsonObject, fallback: JsonObject | undefined): Managers {
  return readManagers(object) ?? readManagers(fallback) ?? new Map();
}

/**
 * Settles the claims on `object` after an update of `old` (a create, when there is none). An object that nobody's claims were
 * ever kept for stays without. A client may drop all claims by sending `[{}]` or `[]`, as in Kubernetes.
 */
export async function recordUpdate(
  env: Env,
  writing: Writing & { readonly large: boolean },
  old: JsonObject | undefined,
  object: JsonObject,
): Promise<void> {
  const meta = metaOf(object);
  const sent = own(meta, 'managedFields');
  if (isReset(sent)) {
    delete meta.managedFields;
    return;
  }
  const managers = sent === undefined ? managersOf(old ?? {}, undefined) : managersOf(object, old);
  if (old !== undefined && managers.size === 0) return;
  const writer = writerOf(env, writing);
  if (writing.large) await othersTurn();
  const after =
    managers.size === 0
      ? ownersOfNew(writer, { schema: writing.kind.definition.schema() }, skeletonOf(writing.kind), object)
      : ownersAfterUpdate(
          managers,
          writer,
          versionsOf(env, writing.kind),
          old ?? skeletonOf(writing.kind)(object),
          object,
        );
  if (writing.large) {
    await othersTurn();
    for (const { fields } of after.values()) refuseTooManyKeys(sizeOf(fields));
  }
  writeManagers(object, after);
}

const isReset = (sent: unknown): boolean => {
  if (!Array.isArray(sent)) return false;
  const [only] = sent;
  return sent.length === 0 || (sent.length === 1 && isObject(only) && Object.keys(only).length === 0);
};

/** Parts that an empty object of any kind has already in Kubernetes, so that nobody owns them for having made them. */
const structParts: readonly (readonly string[])[] = [
  ['spec'],
  ['spec', 'template'],
  ['spec', 'template', 'metadata'],
  ['spec', 'template', 'spec'],
  ['spec', 'strategy'],
  ['spec', 'updateStrategy'],
  ['spec', 'jobTemplate'],
  ['spec', 'jobTemplate', 'metadata'],
  ['spec', 'jobTemplate', 'spec'],
  ['spec', 'jobTemplate', 'spec', 'template'],
  ['spec', 'jobTemplate', 'spec', 'template', 'metadata'],
  ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
  ['status'],
];
const nullParts: readonly string[] = ['containers', 'selector', 'scaleTargetRef', 'names'];

/** The empty object that a new one of a kind is compared with. What has no Go type has no parts when it is empty. */
export const skeletonOf = (kind: Pick<Kind, 'custom'>): ((object: JsonObject) => JsonObject) =>
  kind.custom === true ? () => ({ metadata: {} }) : structSkeletonOf;

function structSkeletonOf(object: JsonObject): JsonObject {
  const result: JsonObject = { metadata: {} };
  for (const path of structParts) {
    let from: JsonObject | undefined = object;
    let to: JsonObject = result;
    for (const key of path) {
      const next: unknown = from === undefined ? undefined : own(from, key);
      from = isObject(next) ? next : undefined;
      if (from === undefined) break;
      const made = own(to, key);
      const child: JsonObject = isObject(made) ? made : {};
      for (const name of nullParts) if (own(from, name) !== undefined) put(child, name, null);
      put(to, key, child);
      to = child;
    }
  }
  return result;
}

/** Undoes new times in the claims when nothing else of the object changed, so that such a write writes nothing. */
export function withoutTimeOnlyChange(object: JsonObject, old: JsonObject): void {
  const timeless = (of: JsonObject) =>
    listAt(of, 'metadata', 'managedFields').map((entry) => (isObject(entry) ? { ...entry, time: '' } : entry));
  if (!same(timeless(object), timeless(old))) return;
  const bare = (of: JsonObject): JsonObject => {
    const { managedFields: _, resourceVersion: __, ...metadata } = metaOf(of);
    return { ...of, metadata };
  };
  if (same(bare(object), bare(old))) putOrDelete(metaOf(object), 'managedFields', own(metaOf(old), 'managedFields'));
}

/** Throws BadRequest: an applied configuration claims by what it says, not by saying what it claims. */
export function refuseManagedFields(config: JsonObject): void {
  if (at(config, 'metadata', 'managedFields') !== undefined && at(config, 'metadata', 'managedFields') !== null)
    throw badRequest('metadata.managedFields must be nil');
}
