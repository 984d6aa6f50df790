/**
 * Watches. Without a version: what exists now as ADDED, then events; with one: events after it. `sendInitialEvents` is
 * KEP-3157's streaming list, whose first part ends with an annotated bookmark.
 */
import { apiVersionOf } from '@skiff/api';
import type { CachedDocument, WatchEvent } from '../watch/contract.ts';
import type { RegistryEvent, RequestContext, Target, WatchOptions } from './contract.ts';
import { type ConvertedWatch, convertedWatch } from './converted-watch.ts';
import type { Kind } from './definition-table.ts';
import { parseText } from './documents.ts';
import { collectionOf, type Env, kindOf, methodNotSupported } from './env.ts';
import { freshen, readWatchResourceVersion } from './resource-versions.ts';
import { leaseFilter } from './shared-filters.ts';
import { isAboutObject, type ObjectEvent, shownEvents } from './shown-events.ts';
import { textsAsKind } from './versions.ts';

/** A watch without a timeout of its own ends after this long, or up to twice as long, so that clients spread. */
const minTimeoutMs = 30 * 60 * 1_000;

export async function watch(
  env: Env,
  context: RequestContext,
  target: Target,
  options: WatchOptions,
): Promise<AsyncIterable<readonly RegistryEvent[]>> {
  const kind = kindOf(env, target, context);
  if (!kind.definition.verbs.includes('watch')) throw methodNotSupported(target, 'watch');
  const version = readWatchResourceVersion(options.resourceVersion);
  const lease = leaseFilter(kind, target, options);
  const start = await startOf(env, context, options, version).catch((error: unknown) => {
    lease.release();
    throw error;
  });
  const timeout = new AbortController();
  const timer = env.clock.after(timeoutMs(env, options), () => timeout.abort());
  // A kind that is withdrawn, or served differently, ends its watches: clients list again and learn how things are now.
  const stop = env.table.onChanged(() => {
    if (env.table.find(target) !== kind) timeout.abort();
  });
  const signal = AbortSignal.any([context.signal, timeout.signal]);
  const events = collectionOf(env, kind).watch(
    { filter: lease.filter, after: start.after, bookmarks: options.allowBookmarks },
    signal,
  );
  const chosen = lease.shown === undefined ? undefined : convertedWatch(lease.shown);
  const all = shown({ kind, chosen, marksInitialEnd: start.marksInitialEnd }, events, () => {
    timer.cancel();
    stop();
    lease.release();
  });
  return chosen === undefined ? all : selected(all, chosen);
}

async function* selected(
  batches: AsyncIterable<readonly RegistryEvent[]>,
  chosen: ConvertedWatch,
): AsyncGenerator<readonly RegistryEvent[]> {
  for await (const batch of batches) {
    const told = batch.map(chosen.pass).filter((event) => event !== undefined);
    if (told.length > 0) yield told;
  }
}

/** Converts what objects were before their first event, which tells whether the watcher has them. */
async function learn(kind: Kind, chosen: ConvertedWatch, events: readonly ObjectEvent[]): Promise<void> {
  const first = new Map<string, CachedDocument>();
  for (const { type, document, before } of events) {
    const { namespace, name } = document.facts;
    if (before === undefined || type === 'ADDED' || chosen.knows(namespace, name)) continue;
    if (!first.has(document.key)) first.set(document.key, before);
  }
  if (first.size === 0) return;
  for (const text of await textsAsKind(kind, [...first.values()])) chosen.learn(parseText(text));
}

interface Start {
  /** Events after this version; undefined: begin with what exists. */
  readonly after: bigint | undefined;
  /** The first bookmark says that the initial events are over. */
  readonly marksInitialEnd: boolean;
}

async function startOf(
  env: Env,
  context: RequestContext,
  options: WatchOptions,
  version: bigint | undefined,
): Promise<Start> {
  const { sendInitialEvents } = options;
  if (sendInitialEvents === undefined && version !== undefined && version > 0n) {
    return { after: version, marksInitialEnd: false };
  }
  if (version === undefined || version > 0n) await freshen(env, version, context.signal);
  if (sendInitialEvents === false) {
    return { after: version === undefined || version === 0n ? env.cache.revision : version, marksInitialEnd: false };
  }
  return { after: undefined, marksInitialEnd: sendInitialEvents === true };
}

function timeoutMs(env: Env, options: WatchOptions): number {
  const asked = options.timeoutSeconds;
  return asked === undefined || asked <= 0 ? minTimeoutMs * (1 + env.random()) : asked * 1_000;
}

interface Showing {
  readonly kind: Kind;
  /** Selects by what only the shown object tells. */
  readonly chosen: ConvertedWatch | undefined;
  readonly marksInitialEnd: boolean;
}

async function* shown(
  { kind, chosen, marksInitialEnd }: Showing,
  events: AsyncIterable<readonly WatchEvent[]>,
  done: () => void,
): AsyncGenerator<readonly RegistryEvent[]> {
  let marks = marksInitialEnd;
  try {
    for await (const batch of events) {
      const objects = batch.filter(isAboutObject);
      if (chosen !== undefined) await learn(kind, chosen, objects);
      const shown = await shownEvents(kind, objects);
      if (objects.length === batch.length) {
        yield shown;
        continue;
      }
      const rest = shown.values();
      yield batch.map((event) => {
        const { value } = isAboutObject(event) ? rest.next() : { value: undefined };
        if (value !== undefined) return value;
        const mark = bookmarkText(kind, event.version, marks);
        marks = false;
        return { type: 'BOOKMARK', text: mark };
      });
    }
  } finally {
    done();
  }
}

function bookmarkText(kind: Kind, version: bigint, endsInitialEvents: boolean): string {
  return JSON.stringify({
    kind: kind.definition.kind,
    apiVersion: apiVersionOf(kind.definition),
    metadata: {
      resourceVersion: String(version),
      creationTimestamp: null,
      ...(endsInitialEvents ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    },
  });
}
