/**
 * Watches that select by what only the shown object tells: whatever happens passes by here, an object that begins to match is ADDED
 * and one that stops is DELETED.
 */
import type { JsonObject } from '@skiff/api';
import type { RegistryEvent } from './contract.ts';
import { parseText } from './documents.ts';
import { nameOf, namespaceOf } from './meta.ts';

/**
 * Answers what the watcher is told of an event; undefined for nothing. `knowsAll`: the watch began with all there was. Else nobody
 * knows whether an object matched before its first event: it is then told as if it had, which a client takes as it takes any.
 */
export function convertedEvents(
  matches: (object: JsonObject) => boolean,
  knowsAll: boolean,
): (event: RegistryEvent) => RegistryEvent | undefined {
  const isSelected = new Map<string, boolean>();
  return (event) => {
    if (event.type === 'BOOKMARK') return event;
    const object = parseText(event.text);
    const key = `${namespaceOf(object)}/${nameOf(object)}`;
    const before = isSelected.get(key) ?? (event.type !== 'ADDED' && !knowsAll);
    const now = event.type !== 'DELETED' && matches(object);
    if (event.type === 'DELETED') isSelected.delete(key);
    else isSelected.set(key, now);
    if (!before && !now) return undefined;
    const type = now ? (before ? 'MODIFIED' : 'ADDED') : 'DELETED';
    // What was made of the event for others says their type.
    return type === event.type ? event : { type, text: event.text };
  };
}
