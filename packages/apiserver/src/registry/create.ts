/** POST: a new object, or something done with an existing one through a subresource. */
import { badRequest, type JsonObject } from '@skiff/api';
import { textAt } from '../patch/values.ts';
import { type Admitting, admitMutating, admitValidating } from './admission.ts';
import type { Answer, Incoming, RequestContext, Target, WriteOptions } from './contract.ts';
import { decodableOf, decodeBody } from './decode.ts';
import { toText } from './documents.ts';
import { type Env, kindOf, methodNotSupported } from './env.ts';
import { insert } from './insert.ts';
import { nameOf } from './meta.ts';
import { findSubresource } from './subresources/table.ts';
import { isLarge, othersTurn } from './turns.ts';

export async function create(
  env: Env,
  context: RequestContext,
  target: Target,
  body: Incoming,
  options: WriteOptions,
): Promise<Answer> {
  const kind = kindOf(env, target, context);
  const subresource = findSubresource(kind, target, 'create');
  if (subresource?.type === 'action') return subresource.run(env, { context, kind, target, body, options });
  if (subresource !== undefined || !kind.definition.verbs.includes('create'))
    throw methodNotSupported(target, 'create');
  const object = decodeBody(context, decodableOf(kind), body, options);
  const virtual = env.virtual.get(`${target.group}/${target.resource}`);
  if (virtual !== undefined) {
    if (virtual.create === undefined) throw methodNotSupported(target, 'create');
    const named = { ...target, name: nameOf(object) };
    const admitting: Admitting = { context, kind, target: named, operation: 'CREATE', options, dryRun: options.dryRun };
    await admitMutating(env, admitting, object, undefined);
    await admitValidating(env, admitting, object, undefined);
    return { text: toText(await virtual.create(context, target, object, options)), created: true };
  }
  refuseVersion(object);
  const large = isLarge(body.size);
  if (large) await othersTurn();
  return insert(env, { context, kind, target: { ...target, name: nameOf(object) }, options, large }, object);
}

function refuseVersion(object: JsonObject): void {
  if (textAt(object, 'metadata', 'resourceVersion') !== '') {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
}
