/**
 * Lists. Without a version: consistent, from the cache once it has seen the store's newest revision. With one: what
 * KEP-1904's table says. Pages after the first are read from the store at the first page's revision; so are, as of now, short lists
 * of a kind that the cache is still reading, and longer ones wait for it.
 */
import { apiVersionOf, badRequest } from '@skiff/api';
import { isStoreError, type Page, type StoredDocument } from '../storage/contract.ts';
import type { CachedDocument } from '../watch/contract.ts';
import { type Continuation, decodeContinue, encodeContinue, expiredContinue } from './continue.ts';
import type { ListAnswer, ListOptions, RequestContext, Target, Texts } from './contract.ts';
import type { Kind } from './definition-table.ts';
import { parseText, toText, withResourceVersion } from './documents.ts';
import { collectionOf, type Env, kindOf, methodNotSupported, wholeCache } from './env.ts';
import { prefixOf } from './keys.ts';
import { freshen, readResourceVersion } from './resource-versions.ts';
import { factsOf, factsOfObject, type Selection, select } from './selectors.ts';
import { translated } from './store-errors.ts';
import { type ShownDocument, textAsKind, textsAsKind } from './versions.ts';

/** How many documents are read from the store at a time while selectors throw most of them away. */
const minReadAhead = 500;
/** Documents of a list without a limit that is read from the store: they are all in memory until it is answered. */
const mostFromStore = 5_000;

export async function list(
  env: Env,
  context: RequestContext,
  target: Target,
  options: ListOptions,
): Promise<ListAnswer> {
  const kind = kindOf(env, target, context);
  const virtual = env.virtual.get(`${target.group}/${target.resource}`);
  if (virtual !== undefined) {
    if (virtual.list === undefined) throw methodNotSupported(target, 'list');
    const { matches } = select(kind, target, options);
    await wholeCache(env, context.signal);
    const objects = (await virtual.list(context, target)).filter((object) => matches(factsOfObject(object)));
    return answer(kind, { items: objects.map(toText), revision: env.cache.revision });
  }
  const selection = select(kind, target, options);
  if (options.continue !== '') return continued(env, context, kind, target, options, selection);
  const version = readResourceVersion(options.resourceVersion);
  const limited = options.limit > 0 && version !== 0n;
  const exact =
    version !== undefined &&
    version > 0n &&
    (options.resourceVersionMatch === 'Exact' || (options.resourceVersionMatch === '' && limited));
  if (exact) {
    return fromStore(env, context, kind, target, selection, { after: '', revision: version }, options.limit);
  }
  const collection = collectionOf(env, kind);
  if (!collection.isLoaded) {
    if (version !== undefined && version > 0n) await freshen(env, version, context.signal);
    if (await isShort(env, context, kind, target, selection, options))
      return fromStore(env, context, kind, target, selection, { after: '', revision: undefined }, options.limit);
    await collection.loaded(context.signal);
  }
  if (version !== 0n) await freshen(env, version, context.signal);
  return fromCache(env, kind, selection, limited ? options.limit : 0);
}

/** While the cache reads the kind: whether the store can answer at a cost that depends on the answer alone. */
async function isShort(
  env: Env,
  context: RequestContext,
  kind: Kind,
  target: Target,
  { everything }: Selection,
  { limit }: ListOptions,
): Promise<boolean> {
  if (!everything) return false;
  if (limit > 0) return true;
  const { remaining } = await readPage(env, context, kind, target, { after: '', revision: undefined }, 1);
  return remaining < mostFromStore;
}

async function continued(
  env: Env,
  context: RequestContext,
  kind: Kind,
  target: Target,
  options: ListOptions,
  selection: Selection,
): Promise<ListAnswer> {
  const from = decodeContinue(options.continue, prefixOf(kind, target.namespace));
  if (options.resourceVersion !== '' && options.resourceVersion !== '0')
    throw badRequest('specifying resource version is not allowed when using continue');
  try {
    return await fromStore(env, context, kind, target, selection, from, options.limit);
  } catch (error) {
    if (isStoreError(error, 'compacted')) throw expiredContinue(from.after);
    throw error;
  }
}

async function fromCache(env: Env, kind: Kind, selection: Selection, limit: number): Promise<ListAnswer> {
  const { documents: found, revision } = collectionOf(env, kind).list(selection.filter);
  const { documents, texts } = await selectedByShown(kind, selection, found);
  if (limit === 0 || documents.length <= limit) {
    return answer(kind, { items: texts ?? (await textsAsKind(kind, documents)), revision });
  }
  const page = documents.slice(0, limit);
  const last = page[page.length - 1] as CachedDocument;
  return answer(kind, {
    items: texts?.slice(0, limit) ?? (await textsAsKind(kind, page)),
    revision,
    continue: encodeContinue(last.key, revision),
    ...(selection.everything ? { remaining: documents.length - limit } : {}),
  });
}

/** Those whose shown object is selected, with its text; all of them, without, where the stored document told everything. */
async function selectedByShown(
  kind: Kind,
  { shown }: Selection,
  documents: readonly CachedDocument[],
): Promise<{ readonly documents: readonly CachedDocument[]; readonly texts?: readonly string[] }> {
  if (shown === undefined) return { documents };
  const all = [...(await textsAsKind(kind, documents))];
  const kept = all.map((text) => shown(parseText(text)));
  return { documents: documents.filter((_, index) => kept[index]), texts: all.filter((_, index) => kept[index]) };
}

/** Reads pages until `limit` documents match. `limit` 0 reads to the end. Lets `compacted` pass for the caller to word. */
async function fromStore(
  env: Env,
  context: RequestContext,
  kind: Kind,
  target: Target,
  selection: Selection,
  from: Continuation,
  limit: number,
): Promise<ListAnswer> {
  const items: string[] = [];
  let { after, revision } = from;
  for (;;) {
    const page = await readPage(env, context, kind, target, { after, revision }, pageSize(selection, limit));
    revision = page.revision;
    for (const [index, document] of page.documents.entries()) {
      after = document.key;
      const text = await textIfSelected(env, kind, selection, document);
      if (text === undefined) continue;
      items.push(text);
      const behind = page.documents.length - index - 1 + page.remaining;
      if (limit > 0 && items.length === limit && behind > 0) {
        const next = encodeContinue(after, revision);
        return answer(kind, {
          items,
          revision,
          continue: next,
          ...(selection.everything ? { remaining: behind } : {}),
        });
      }
    }
    if (page.remaining === 0) return answer(kind, { items, revision });
  }
}

/** A document that cannot be read is left out alone, and named in the log; the list is answered. */
async function textIfSelected(
  env: Env,
  kind: Kind,
  selection: Selection,
  document: StoredDocument,
): Promise<string | undefined> {
  try {
    if (!selection.everything && !selection.matches(factsOf(kind, document))) return undefined;
    const text = await textAsKind(kind, shown(document));
    return selection.shown === undefined || selection.shown(parseText(text)) ? text : undefined;
  } catch (error) {
    env.logger.error({ err: error, key: document.key }, 'a stored object cannot be read; lists leave it out');
    return undefined;
  }
}

const shown = (document: StoredDocument): ShownDocument => ({ ...document, text: withResourceVersion(document) });

function pageSize({ everything }: Selection, limit: number): number {
  if (!everything) return Math.max(limit, minReadAhead);
  return limit > 0 ? limit : mostFromStore;
}

async function readPage(
  env: Env,
  context: RequestContext,
  kind: Kind,
  target: Target,
  from: Continuation,
  limit: number,
): Promise<Page> {
  try {
    return await env.store.list(
      prefixOf(kind, target.namespace),
      {
        limit,
        ...(from.after === '' ? {} : { after: from.after }),
        ...(from.revision === undefined ? {} : { revision: from.revision }),
      },
      context.signal,
    );
  } catch (error) {
    if (isStoreError(error, 'compacted') && from.after !== '') throw error;
    throw translated(error, target, '');
  }
}

interface Found {
  readonly items: Texts;
  readonly revision: bigint;
  readonly continue?: string;
  readonly remaining?: number;
}

function answer(kind: Kind, found: Found): ListAnswer {
  return {
    apiVersion: apiVersionOf(kind.definition),
    kind: kind.definition.listKind,
    resourceVersion: String(found.revision),
    continue: found.continue ?? '',
    remainingItemCount: found.remaining,
    items: found.items,
    custom: kind.custom === true,
  };
}
