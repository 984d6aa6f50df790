/** A client of the watch cache in tests: lists, watches, keeps what it is told, and checks the order of it. */
import type { CollectionCache, Filter, WatchEvent } from '../contract.ts';

export const everything: Filter = { namespace: '', name: '' };

export interface Watching {
  readonly events: WatchEvent[];
  /** What the watch ended with; undefined for a quiet end. */
  readonly ended: Promise<unknown>;
  stop(): Promise<void>;
}

/** Collects what a watch tells, from `after` (undefined: all that is there first). */
export function watching(
  collection: CollectionCache,
  after: bigint | undefined,
  { filter = everything, bookmarks = false }: { filter?: Filter; bookmarks?: boolean } = {},
): Watching {
  const stopping = new AbortController();
  const events: WatchEvent[] = [];
  const ended = (async () => {
    try {
      for await (const batch of collection.watch({ filter, after, bookmarks }, stopping.signal)) events.push(...batch);
      return undefined;
    } catch (error) {
      return error;
    }
  })();
  return {
    events,
    ended,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

/** `ADDED a`: an event in a word. */
export const inWords = ({ type, document }: WatchEvent): string =>
  document === undefined ? type : `${type} ${document.facts.name}`;

/** A document as the registry stores it. */
export const pod = (namespace: string, name: string, more: { labels?: object; nodeName?: string } = {}): string =>
  JSON.stringify({
    kind: 'Pod',
    metadata: { name, namespace, ...(more.labels === undefined ? {} : { labels: more.labels }) },
    spec: more.nodeName === undefined ? {} : { nodeName: more.nodeName },
  });

export const podKey = (namespace: string, name: string): string => `/registry/core/pods/${namespace}/${name}`;

export const describePod = (document: Readonly<Record<string, unknown>>): Record<string, string> => ({
  'spec.nodeName': (document.spec as { nodeName?: string } | undefined)?.nodeName ?? '',
});
