/**
 * Read, change, write, and again when somebody else was faster: the one path of PUT, PATCH and the subresources that
 * change an object.
 */
import { conflict, field, invalid, type JsonObject, notFound } from '@skiff/api';
import { refuseTooManyValues } from '@skiff/api/json';
import { copy, own, same } from '../patch/values.ts';
import type { StoredDocument } from '../storage/contract.ts';
import { type Admitting, admitMutating, admitValidating } from './admission.ts';
import type { Answer, RequestContext, Target, WriteOptions } from './contract.ts';
import type { Kind } from './definition-table.ts';
import { hookKey } from './delete.ts';
import { completesDeletion } from './deletion.ts';
import { parseText, toObject, toStoredText, toText, withResourceVersion } from './documents.ts';
import type { Env } from './env.ts';
import { type Attempted, fromCurrent } from './from-current.ts';
import { insert } from './insert.ts';
import { keyOf } from './keys.ts';
import { recordUpdate, withoutTimeOnlyChange } from './managed-fields.ts';
import {
  checkName,
  dedupeOwnerReferences,
  keepSystemFields,
  metaOf,
  putOrDelete,
  resourceVersionOf,
  settleNamespace,
  uidOf,
} from './meta.ts';
import { carriedOver } from './projections.ts';
import { shownBy } from './shown.ts';
import { staleVersion } from './store-errors.ts';
import type { Projection, View } from './subresources/table.ts';
import { isLargeDocument, othersTurn } from './turns.ts';
import { checkChanged, warnDuplicateOwners } from './validation.ts';
import { fromStored, textAsKind, toStored } from './versions.ts';
import { writeStored } from './write-stored.ts';

export interface Change {
  readonly context: RequestContext;
  readonly kind: Kind;
  readonly target: Target;
  readonly options: WriteOptions;
  /** Which part may change; undefined: the object itself. */
  readonly view: View | undefined;
  /** An absent object is created. */
  readonly allowCreate: boolean;
  /** What is changed stands for a part of the object: `make` makes the part. */
  readonly projection?: Projection;
  /** `make` settles the managers itself (apply). */
  readonly managed?: boolean;
  /** The uid that the object must have, as the client sent it; empty: any. */
  readonly uid?: string;
  /** What was sent is worked on in several turns, as is an object that is large already. */
  readonly large: boolean;
  /**
   * The wanted object, made from what is there, `large` when either is; runs again after a lost race. May throw ApiError; must not keep
   * `old`.
   */
  make(old: JsonObject | undefined, large: boolean): JsonObject | Promise<JsonObject>;
}

export async function guaranteedUpdate(env: Env, change: Change): Promise<Answer> {
  const { context, kind, target } = change;
  const key = keyOf(kind, target.namespace, target.name);
  const answer = await fromCurrent(env, { kind, target, key, signal: context.signal }, async (document) => {
    if (document !== undefined) return attempt(env, change, key, document);
    checkPrecondition(change, '');
    return { answer: await createInstead(env, change), written: true };
  });
  const { projection } = change;
  if (projection === undefined) return answer;
  return { text: toText(projection.get(kind, parseText(answer.text))), created: false };
}

async function createInstead(env: Env, change: Change): Promise<Answer> {
  const { context, kind, target, options, large } = change;
  if (!change.allowCreate) throw notFound(target, target.name);
  const object = await change.make(undefined, large);
  if (large) await othersTurn();
  const uid = uidOf(object);
  if (uid !== '') {
    throw conflict(
      target,
      target.name,
      `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    );
  }
  checkName(object, target.name);
  return insert(
    env,
    { context, kind, target, options, large, ...(change.managed === true ? { managed: true } : {}) },
    object,
  );
}

async function attempt(env: Env, change: Change, key: string, document: StoredDocument): Promise<Attempted<Answer>> {
  const { context, kind, target, options } = change;
  const large = change.large || isLargeDocument(document);
  const old = await fromStored(kind, toObject(document));
  checkPrecondition(change, uidOf(old));
  const { projection } = change;
  const part = projection === undefined ? {} : { part: shownBy(projection) };
  const admitting: Admitting = { context, target, kind, operation: 'UPDATE', options, dryRun: options.dryRun, ...part };
  const shown = (whole: JsonObject): JsonObject => projection?.get(kind, whole, true) ?? whole;
  if (large) await othersTurn();
  const wanted = await change.make(copy(shown(old)), large);
  if (large) await othersTurn();
  settleNamespace(wanted, kind.definition.namespaced ? target.namespace : '');
  checkName(wanted, target.name);
  change.view?.narrow?.(wanted, old);
  if (projection === undefined && change.managed !== true) await recordUpdate(env, { ...change, large }, old, wanted);
  if (large) await othersTurn();
  await admitMutating(env, admitting, wanted, shown(old));
  const object = projection === undefined ? wanted : carriedOver(kind, projection, old, wanted);
  if (projection !== undefined) await recordUpdate(env, { ...change, large }, old, object);
  warnDuplicateOwners(context, dedupeOwnerReferences(object), true);
  checkVersion(kind, target, object, document);
  prepare(env, change, object, old);
  const hook = env.hooks.get(hookKey(kind));
  const giveBack = await hook?.take(object, old, options.dryRun);
  try {
    if (large) await othersTurn();
    await checkChanged(context, kind, object, old, target.subresource);
    if (large) await othersTurn();
    withoutTimeOnlyChange(object, old);
    if (large) await othersTurn();
    await admitValidating(env, admitting, shown(object), shown(old));
    const written = await write(env, change, key, { object, old, document, large });
    if (!options.dryRun) await hook?.settle(completesDeletion(object, old, kind.strategy) ? undefined : object, old);
    return written;
  } catch (error) {
    await giveBack?.();
    throw error;
  }
}

function checkPrecondition({ target, uid = '' }: Change, found: string): void {
  if (uid === '' || uid === found) return;
  const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${found}`;
  throw conflict(target, target.name, why);
}

function checkVersion(kind: Kind, target: Target, object: JsonObject, document: StoredDocument): void {
  const version = resourceVersionOf(object);
  if (version === '' && kind.strategy.requiresResourceVersion !== true) return;
  if (version === '') {
    throw invalid({ group: target.group, kind: target.resource }, target.name, [
      field.invalid('metadata.resourceVersion', 0, 'must be specified for an update'),
    ]);
  }
  if (version !== String(document.version)) throw conflict(target, target.name, staleVersion);
}

/** What the server owns comes from the old object; then the kind, or the subresource, has its say. */
function prepare(env: Env, change: Change, object: JsonObject, old: JsonObject): void {
  const { kind, view, context } = change;
  const nowMs = env.clock.now();
  putOrDelete(metaOf(object), 'generation', own(metaOf(old), 'generation'));
  putOrDelete(metaOf(object), 'resourceVersion', own(metaOf(old), 'resourceVersion'));
  if (view === undefined) kind.strategy.prepareForUpdate?.(object, old, nowMs);
  else view.prepare(kind, object, old, { context, nowMs });
  keepSystemFields(object, old);
}

interface Outcome {
  readonly object: JsonObject;
  readonly old: JsonObject;
  readonly document: StoredDocument;
  readonly large: boolean;
}

async function write(env: Env, change: Change, key: string, outcome: Outcome): Promise<Attempted<Answer>> {
  const { kind, options } = change;
  const { object, old, document, large } = outcome;
  if (completesDeletion(object, old, kind.strategy)) {
    if (!options.dryRun) await env.store.delete(key, document.version);
    return { answer: { text: toText(object), created: false }, written: !options.dryRun };
  }
  const stored = await toStored(kind, object);
  if (large) await othersTurn();
  if (options.dryRun) return { answer: { text: toText(object), created: false }, written: false };
  if (same(withoutVersion(stored), withoutVersion(await toStored(kind, old)))) {
    const text = await textAsKind(kind, { ...document, text: withResourceVersion(document) });
    return { answer: { text, created: false }, written: false };
  }
  if (large) await othersTurn();
  const text = toStoredText(stored);
  // One that holds too much already may shrink.
  if (text.length > document.text.length) refuseTooManyValues(text);
  if (large) await othersTurn();
  const version = await writeStored(env, kind, { key, text, object: stored, expected: document.version });
  const shown = await textAsKind(kind, { text: withResourceVersion({ text, version }), version });
  return { answer: { text: shown, created: false }, written: true };
}

function withoutVersion(object: JsonObject): JsonObject {
  const { resourceVersion: _, ...metadata } = metaOf(object);
  return { ...object, metadata };
}
