/**
 * Watches that select by what only the shown object tells: whatever happens passes by here, an object that begins to match is ADDED
 * and one that stops is DELETED.
 */
import type { JsonObject } from '@skiff/api';
import type { RegistryEvent } from './contract.ts';
import { parseText } from './documents.ts';
import { nameOf, namespaceOf } from './meta.ts';

export interface ConvertedWatch {
  /** Whether the watcher's view of the object is known: it has passed by, or was learned. */
  knows(namespace: string, name: string): boolean;
  /** What an object was before its first event. */
  learn(before: JsonObject): void;
  /** What the watcher is told of an event; undefined for nothing. */
  pass(event: RegistryEvent): RegistryEvent | undefined;
}

export function convertedWatch(matches: (object: JsonObject) => boolean): ConvertedWatch {
  const isSelected = new Map<string, boolean>();
  const keyOf = (object: JsonObject): string => `${namespaceOf(object)}/${nameOf(object)}`;
  return {
    knows: (namespace, name) => isSelected.has(`${namespace}/${name}`),
    learn: (before) => void isSelected.set(keyOf(before), matches(before)),
    pass(event) {
      if (event.type === 'BOOKMARK') return event;
      const object = parseText(event.text);
      const key = keyOf(object);
      const before = isSelected.get(key) ?? false;
      const now = event.type !== 'DELETED' && matches(object);
      if (event.type === 'DELETED') isSelected.delete(key);
      else isSelected.set(key, now);
      if (!before && !now) return undefined;
      const type = now ? (before ? 'MODIFIED' : 'ADDED') : 'DELETED';
      // What was made of the event for others says their type.
      return type === event.type ? event : { type, text: event.text };
    },
  };
}
