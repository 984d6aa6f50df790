/** A change as filters see it: an object that stops matching is gone for its watcher. */
import type { CachedDocument, Filter, WatchEvent, WatchEventType } from './contract.ts';
import { withoutResourceVersion, withResourceVersion } from './splice.ts';

/** A change as the collection went through it. */
export interface DocumentChange {
  readonly version: bigint;
  readonly before: CachedDocument | undefined;
  /** Undefined: deleted. */
  readonly after: CachedDocument | undefined;
  /** For a deletion: the last state, with the deletion's version. */
  readonly tombstone: CachedDocument | undefined;
}

export const selectsAll = ({ namespace, name, matches }: Filter): boolean =>
  namespace === '' && name === '' && matches === undefined;

export function selects(filter: Filter, { facts }: CachedDocument): boolean {
  if (filter.namespace !== '' && facts.namespace !== filter.namespace) return false;
  if (filter.name !== '' && facts.name !== filter.name) return false;
  return filter.matches === undefined || filter.matches(facts);
}

/** What a filter sees of a change; undefined: nothing. */
export type View = (filter: Filter) => WatchEvent | undefined;

/** The views of one change. Each of the three events that it can be is made once, for all whose filters see the same. */
export function viewsOf({ version, before, after, tombstone }: DocumentChange): View {
  const made = new Map<WatchEventType, WatchEvent>();
  const once = (type: WatchEventType, document: () => CachedDocument): WatchEvent => {
    const known = made.get(type);
    if (known !== undefined) return known;
    const event = { type, version, document: document(), ...(before === undefined ? {} : { before }) };
    made.set(type, event);
    return event;
  };
  return (filter) => {
    const was = before !== undefined && selects(filter, before);
    if (after !== undefined && selects(filter, after)) return once(was ? 'MODIFIED' : 'ADDED', () => after);
    if (!was) return undefined;
    return once('DELETED', () => tombstone ?? tombstoneOf(before, version));
  };
}

const shared = new WeakSet<WatchEvent>();

/** The same for all watchers of a change together: `isShared` is true of the events. */
export function sharedViewsOf(change: DocumentChange): View {
  const view = viewsOf(change);
  return (filter) => {
    const event = view(filter);
    if (event !== undefined) shared.add(event);
    return event;
  };
}

/** True when this very object goes to every watcher that sees the same: what is made of it is worth keeping as long as it lives. */
export const isShared = (event: WatchEvent): boolean => shared.has(event);

/** The last state of what was deleted, with the version of its deletion. */
export function tombstoneOf({ key, version, facts, text }: CachedDocument, deletedAt: bigint): CachedDocument {
  return {
    key,
    facts,
    version: deletedAt,
    text: withResourceVersion(withoutResourceVersion(text, version), deletedAt),
  };
}
