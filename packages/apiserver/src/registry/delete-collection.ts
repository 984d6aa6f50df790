/** DELETE of a collection: lists a page, deletes what it holds, goes on. Not atomic, as in Kubernetes. */
import { isReason, type JsonObject } from '@skiff/api';
import type { DeleteOptions, ListAnswer, ListOptions, RequestContext, Target } from './contract.ts';
import { deleteOne } from './delete.ts';
import { parseText } from './documents.ts';
import { type Env, kindOf, methodNotSupported } from './env.ts';
import { list } from './list.ts';
import { nameOf, namespaceOf } from './meta.ts';

const pageSize = 500;
/** Deletions under way at once: they may share a store transaction. */
const parallel = 16;

export async function deleteCollection(
  env: Env,
  context: RequestContext,
  target: Target,
  listOptions: ListOptions,
  options: DeleteOptions,
): Promise<ListAnswer> {
  const kind = kindOf(env, target, context);
  if (!kind.definition.verbs.includes('deletecollection')) throw methodNotSupported(target, 'deletecollection');
  const items: string[] = [];
  let next = listOptions.continue;
  for (;;) {
    const page = await list(env, context, target, {
      ...listOptions,
      limit: listOptions.limit > 0 ? listOptions.limit : pageSize,
      continue: next,
      ...(next === '' ? {} : { resourceVersion: '', resourceVersionMatch: '' }),
    });
    const found = [...page.items];
    await deleteAll(env, context, target, found, options);
    items.push(...found);
    next = page.continue;
    if (next === '' || listOptions.limit > 0) return { ...page, items };
  }
}

async function deleteAll(
  env: Env,
  context: RequestContext,
  target: Target,
  items: readonly string[],
  options: DeleteOptions,
): Promise<void> {
  for (let start = 0; start < items.length; start += parallel) {
    const results = await Promise.allSettled(
      items.slice(start, start + parallel).map((text) => deleteItem(env, context, target, parseText(text), options)),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}

async function deleteItem(
  env: Env,
  context: RequestContext,
  target: Target,
  object: JsonObject,
  options: DeleteOptions,
): Promise<void> {
  try {
    await deleteOne(env, context, { ...target, namespace: namespaceOf(object), name: nameOf(object) }, options);
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error;
  }
}
