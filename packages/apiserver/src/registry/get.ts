/** GET of one object: linearizable from the store, or from the cache when any version will do and the kind is loaded. */
import { notFound } from '@skiff/api';
import type { Answer, GetOptions, RequestContext, Target } from './contract.ts';
import type { Kind } from './definition-table.ts';
import { parseText, toText, withResourceVersion } from './documents.ts';
import { collectionOf, type Env, kindOf, methodNotSupported, wholeCache } from './env.ts';
import { keyOf } from './keys.ts';
import { readStored } from './read-stored.ts';
import { freshen, readResourceVersion } from './resource-versions.ts';
import { findSubresource } from './subresources/table.ts';
import { textAsKind } from './versions.ts';

export async function get(env: Env, context: RequestContext, target: Target, options: GetOptions): Promise<Answer> {
  const kind = kindOf(env, target, context);
  const virtual = env.virtual.get(`${target.group}/${target.resource}`);
  if (virtual !== undefined) {
    if (virtual.get === undefined) throw methodNotSupported(target, 'get');
    await wholeCache(env, context.signal);
    const object = await virtual.get(context, target);
    if (object === undefined) throw notFound(target, target.name);
    return { text: toText(object), created: false };
  }
  const subresource = findSubresource(kind, target, 'get');
  if (subresource?.type === 'action') throw methodNotSupported(target, 'get');
  const text = await readText(env, context, target, kind, options.resourceVersion);
  if (subresource?.type !== 'projection') return { text, created: false };
  return { text: toText(subresource.get(kind, parseText(text))), created: false };
}

async function readText(
  env: Env,
  context: RequestContext,
  target: Target,
  kind: Kind,
  resourceVersion: string,
): Promise<string> {
  const key = keyOf(kind, target.namespace, target.name);
  const version = readResourceVersion(resourceVersion);
  const collection = collectionOf(env, kind);
  if (version !== undefined && version > 0n) await freshen(env, version, context.signal);
  if (version === undefined || !collection.isLoaded) {
    const document = await readStored(env, target, key, context.signal);
    if (document === undefined) throw notFound(target, target.name);
    return textAsKind(kind, { ...document, text: withResourceVersion(document) });
  }
  const cached = collection.get(key);
  if (cached === undefined) throw notFound(target, target.name);
  return textAsKind(kind, cached);
}
