/** DELETE of one object. */
import { conflict, type JsonObject, notFound } from '@skiff/api';
import type { StoredDocument } from '../storage/contract.ts';
import { type Admitting, admitMutating, admitValidating } from './admission.ts';
import type { Answer, DeleteOptions, RequestContext, Target } from './contract.ts';
import type { Kind } from './definition-table.ts';
import { planDeletion } from './deletion.ts';
import { toObject, toStoredText, toText, withResourceVersion } from './documents.ts';
import { type Env, kindOf, methodNotSupported } from './env.ts';
import { type Attempted, fromCurrent } from './from-current.ts';
import { keyOf } from './keys.ts';
import { resourceVersionOf, uidOf } from './meta.ts';
import { fromStored, textAsKind, toStored } from './versions.ts';

export async function deleteOne(
  env: Env,
  context: RequestContext,
  target: Target,
  options: DeleteOptions,
): Promise<Answer> {
  const kind = kindOf(env, target, context);
  if (target.subresource !== '' || !kind.definition.verbs.includes('delete'))
    throw methodNotSupported(target, 'delete');
  const admitting: Admitting = { context, target, kind, operation: 'DELETE', options, dryRun: options.dryRun };
  return deleteWith(env, context, { kind, target, options }, async (object) => {
    await admitMutating(env, admitting, undefined, object);
    await admitValidating(env, admitting, undefined, object);
  });
}

export interface Deletion {
  readonly kind: Kind;
  readonly target: Target;
  readonly options: DeleteOptions;
}

/** For whom admission has judged already, under another name (an eviction). */
export const deleteAdmitted = (env: Env, context: RequestContext, deletion: Deletion): Promise<Answer> =>
  deleteWith(env, context, deletion, async () => {});

type Admit = (object: JsonObject) => Promise<void>;

function deleteWith(env: Env, context: RequestContext, deletion: Deletion, admit: Admit): Promise<Answer> {
  const { kind, target } = deletion;
  const key = keyOf(kind, target.namespace, target.name);
  return fromCurrent(env, { kind, target, key, signal: context.signal }, async (document) => {
    if (document === undefined) throw notFound(target, target.name);
    return attempt(env, deletion, document, admit);
  });
}

async function attempt(
  env: Env,
  deletion: Deletion,
  document: StoredDocument,
  admit: Admit,
): Promise<Attempted<Answer>> {
  const { kind, target, options } = deletion;
  const { key } = document;
  const object = await fromStored(kind, toObject(document));
  checkPreconditions(target, options, object);
  await admit(object);
  const plan = planDeletion(object, kind.strategy, options, env.clock.now());
  if (plan.type === 'pending') return { answer: ended(kind, object), written: false };
  if (plan.type === 'remove') {
    if (options.dryRun) return { answer: ended(kind, object), written: false };
    const version = await env.store.delete(key, document.version);
    await env.hooks.get(hookKey(kind))?.settle(undefined, object);
    object.metadata = { ...(object.metadata as JsonObject), resourceVersion: String(version) };
    return { answer: ended(kind, object), written: true };
  }
  const text = toStoredText(await toStored(kind, plan.object));
  if (options.dryRun || text === document.text) {
    return { answer: { text: toText(plan.object), created: false }, written: false };
  }
  const version = await env.store.update(key, text, document.version);
  const shown = await textAsKind(kind, { text: withResourceVersion({ text, version }), version });
  return { answer: { text: shown, created: false }, written: true };
}

/** Names the hook of a kind. */
export const hookKey = (kind: Kind): string => `${kind.stored.group}/${kind.stored.resource}`;

function checkPreconditions(target: Target, options: DeleteOptions, object: JsonObject): void {
  const { uid, resourceVersion } = options.preconditions;
  if (uid !== undefined && uid !== uidOf(object)) {
    throw conflict(
      target,
      target.name,
      `the UID in the precondition (${uid}) does not match the UID in record (${uidOf(object)}). The object might have been deleted and then recreated`,
    );
  }
  const version = resourceVersionOf(object);
  if (resourceVersion !== undefined && resourceVersion !== version) {
    throw conflict(
      target,
      target.name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${version}). The object might have been modified`,
    );
  }
}

/** The last state of the object for kinds that answer with it, a Status document for the others. */
function ended(kind: Kind, object: JsonObject): Answer {
  if (kind.strategy.returnsDeletedObject) return { text: toText(object), created: false };
  const { group, resource } = kind.definition;
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: String((object.metadata as JsonObject).name),
      ...(group === '' ? {} : { group }),
      kind: resource,
      uid: uidOf(object),
    },
  };
  return { text: JSON.stringify(status), created: false };
}
