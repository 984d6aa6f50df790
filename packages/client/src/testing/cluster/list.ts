/** Lists: all of a collection at one version, page by page. */
import { ApiError, badRequest } from '@skiff/api';
import type { ListOptions } from '../../contract.ts';
import type { Document } from './document.ts';
import { toPredicate } from './select.ts';
import type { Store } from './store.ts';

export interface Page {
  readonly items: readonly Document[];
  readonly resourceVersion: string;
  readonly continue: string;
}

/** `newest`: the version this replica stands at. Pages after the first stay at the first one's version, or throw Expired. */
export function list(store: Store, collection: string, options: ListOptions, newest: number): Page {
  const from = options.continue ? readToken(options.continue) : undefined;
  const wanted = Number(options.resourceVersion ?? 0);
  if (from === undefined && wanted > newest)
    throw new ApiError('Timeout', `Too large resource version: ${wanted}, current: ${newest}`, {
      retryAfterSeconds: 1,
    });
  const version = from?.version ?? newest;
  const selects = toPredicate(options);
  const rest = store
    .listAt(collection, version)
    .filter(([key, object]) => selects(object) && (from === undefined || key > from.after));
  const page = options.limit ? rest.slice(0, options.limit) : rest;
  const [last = ''] = page.at(-1) ?? [];
  return {
    items: page.map(([, object]) => object),
    resourceVersion: String(version),
    continue: page.length < rest.length ? JSON.stringify({ version, after: last }) : '',
  };
}

function readToken(token: string): { version: number; after: string } {
  try {
    return JSON.parse(token) as { version: number; after: string };
  } catch {
    throw badRequest('continue key is not valid');
  }
}
