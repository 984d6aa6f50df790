/** Events of the watch cache as a kind shows them. What many watchers see is converted once, and is one object for all of them. */
import type { CachedDocument, WatchEvent } from '../watch/contract.ts';
import { isShared } from '../watch/views.ts';
import type { RegistryEvent } from './contract.ts';
import type { Kind } from './definition-table.ts';
import { textsAsKind } from './versions.ts';

/** An event that is about an object. */
export type ObjectEvent = WatchEvent & { readonly document: CachedDocument };

export const isAboutObject = (event: WatchEvent): event is ObjectEvent => event.document !== undefined;

type Shown = RegistryEvent | Promise<RegistryEvent>;

const shownTo = new WeakMap<Kind, WeakMap<WatchEvent, Shown>>();

/** Throws ApiError when somebody else converts the kind and fails. */
export function shownEvents(
  kind: Kind,
  events: readonly ObjectEvent[],
): readonly RegistryEvent[] | Promise<readonly RegistryEvent[]> {
  const known = shownTo.get(kind) ?? new WeakMap<WatchEvent, Shown>();
  shownTo.set(kind, known);
  if (kind.converter !== undefined) return Promise.all(converted(kind, events, known));
  return events.map((event) => {
    const before = known.get(event) as RegistryEvent | undefined;
    if (before !== undefined) return before;
    const shown = toShown(event, event.document.text);
    if (isShared(event)) known.set(event, shown);
    return shown;
  });
}

function converted(kind: Kind, events: readonly ObjectEvent[], known: WeakMap<WatchEvent, Shown>): readonly Shown[] {
  const missing = events.filter((event) => !known.has(event));
  const texts = textsAsKind(
    kind,
    missing.map(({ document }) => document),
  ).then((all) => [...all]);
  const made = new Map<WatchEvent, Shown>(
    missing.map((event, index) => [event, texts.then((all) => toShown(event, all[index] ?? event.document.text))]),
  );
  for (const [event, shown] of made) if (isShared(event)) known.set(event, shown);
  return events.map((event) => known.get(event) ?? (made.get(event) as Shown));
}

const toShown = (event: WatchEvent, text: string): RegistryEvent =>
  isShared(event) ? { type: event.type, text, encodings: new Map() } : { type: event.type, text };
