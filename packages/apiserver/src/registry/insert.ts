/** Storing a new object: what POST, a creating PUT and a creating apply share. */
import { ApiError, alreadyExists, forbidden, generateName, type JsonObject, type ResourceName } from '@skiff/api';
import { refuseTooManyValues } from '@skiff/api/json';
import { copy, own, put, textAt } from '../patch/values.ts';
import { isStoreError } from '../storage/contract.ts';
import { type Admitting, admitMutating, admitValidating } from './admission.ts';
import type { Answer, RequestContext, Target, WriteOptions } from './contract.ts';
import type { Kind } from './definition-table.ts';
import { hookKey } from './delete.ts';
import { toObject, toStoredText, toText, withResourceVersion } from './documents.ts';
import type { Env } from './env.ts';
import { keyOf } from './keys.ts';
import { recordUpdate } from './managed-fields.ts';
import { dedupeOwnerReferences, fillSystemFields, metaOf, nameOf, settleNamespace, wipeSystemFields } from './meta.ts';
import { translated } from './store-errors.ts';
import { othersTurn } from './turns.ts';
import { checkNew, warnDuplicateOwners } from './validation.ts';
import { textAsKind, toStored } from './versions.ts';
import { writeStored } from './write-stored.ts';

export interface Insertion {
  readonly context: RequestContext;
  readonly kind: Kind;
  /** `name` is the object's; '' when it is to be generated. */
  readonly target: Target;
  readonly options: WriteOptions;
  /** The managers are settled already (apply). */
  readonly managed?: boolean;
  /** The object is worked on in several turns. */
  readonly large: boolean;
}

/** Kubernetes gives up after as many generated names that were taken. */
const maxNameAttempts = 8;

/** Stores `object`, which is taken over and changed. Throws ApiError. */
export async function insert(env: Env, insertion: Insertion, object: JsonObject): Promise<Answer> {
  const { context, kind, target, options, large } = insertion;
  if (kind.terminating === true) throw terminating(target);
  wipeSystemFields(object);
  settleNamespace(object, kind.definition.namespaced ? target.namespace : '');
  warnDuplicateOwners(context, dedupeOwnerReferences(object), false);
  if (insertion.managed !== true) await recordUpdate(env, insertion, undefined, object);
  if (large) await othersTurn();
  const admitting: Admitting = { context, target, kind, operation: 'CREATE', options, dryRun: options.dryRun };
  await admitMutating(env, admitting, object, undefined);
  warnDuplicateOwners(context, dedupeOwnerReferences(object), true);
  const generates = nameOf(object) === '' && textAt(object, 'metadata', 'generateName') !== '';
  if (!generates) return insertNamed(env, insertion, admitting, object);
  for (let attempt = 1; ; attempt += 1) {
    const named = copy(object);
    put(metaOf(named), 'name', generateName(textAt(object, 'metadata', 'generateName'), env.random));
    try {
      return await insertNamed(env, insertion, admitting, named);
    } catch (error) {
      const taken = error instanceof ApiError && error.reason === 'AlreadyExists';
      if (!taken) throw error;
      if (attempt === maxNameAttempts) throw generatedNameTaken(target, nameOf(named));
    }
  }
}

const terminating = (of: Target): ApiError =>
  forbidden(of, of.name, 'create not allowed while custom resource definition is terminating');

function generatedNameTaken(of: ResourceName, name: string): ApiError {
  const error = alreadyExists(of, name);
  return new ApiError(
    'AlreadyExists',
    `${error.message}, the server was not able to generate a unique name for the object`,
    { ...error.status.details, retryAfterSeconds: 1 },
  );
}

async function insertNamed(env: Env, insertion: Insertion, admitting: Admitting, object: JsonObject): Promise<Answer> {
  const { context, kind, options, large } = insertion;
  const nowMs = env.clock.now();
  fillSystemFields(object, nowMs, env.random);
  kind.strategy.prepareForCreate?.(object, nowMs, context.user);
  const giveBack = await env.hooks.get(hookKey(kind))?.take(object, undefined, options.dryRun);
  try {
    if (large) await othersTurn();
    await checkNew(context, kind, object);
    if (large) await othersTurn();
    const target = { ...insertion.target, name: nameOf(object) };
    await admitValidating(env, { ...admitting, target }, object, undefined);
    return await store(env, insertion, target, object);
  } catch (error) {
    await giveBack?.();
    throw error;
  }
}

async function store(env: Env, insertion: Insertion, target: Target, object: JsonObject): Promise<Answer> {
  const { kind, options, context, large } = insertion;
  const key = keyOf(kind, target.namespace, target.name);
  delete metaOf(object).resourceVersion;
  const stored = await toStored(kind, object);
  if (large) await othersTurn();
  const text = toStoredText(stored);
  refuseTooManyValues(text);
  try {
    if (options.dryRun) {
      if ((await env.store.get(key, context.signal)) !== undefined) throw await takenName(env, target, key);
      return { text: toText(object), created: true };
    }
    const version = await writeStored(env, kind, { key, text, object: stored, expected: undefined });
    return { text: await textAsKind(kind, { text: withResourceVersion({ text, version }), version }), created: true };
  } catch (error) {
    throw isStoreError(error, 'exists') ? await takenName(env, target, key) : translated(error, target, target.name);
  }
}

/** AlreadyExists, which also says when what is there is on its way out. */
async function takenName(env: Env, target: Target, key: string): Promise<ApiError> {
  const error = alreadyExists(target, target.name);
  const document = await env.store.get(key);
  const isLeaving = document !== undefined && own(metaOf(toObject(document)), 'deletionTimestamp') !== undefined;
  return isLeaving
    ? new ApiError('AlreadyExists', `object is being deleted: ${error.message}`, error.status.details)
    : error;
}
