import type { JsonObject } from '@skiff/api';
import { expect, test } from 'vitest';
import type { RegistryEvent } from './contract.ts';
import { convertedWatch } from './converted-watch.ts';

const event = (type: RegistryEvent['type'], name: string, colour: string): RegistryEvent => ({
  ...{ type, text: JSON.stringify({ metadata: { name }, spec: { colour } }) },
});
const isRed = (object: JsonObject): boolean => (object.spec as { colour: string }).colour === 'red';
/** What is told of events; `before` is what the object was before the first. */
const told = (before: string, ...events: readonly RegistryEvent[]): string[] => {
  const watch = convertedWatch(isRed);
  if (before !== '') watch.learn({ metadata: { name: 'a' }, spec: { colour: before } });
  return events.flatMap((each) => watch.pass(each)?.type ?? []);
};

test('objects come and go as they begin and stop to match', () => {
  const life = [
    event('ADDED', 'a', 'blue'),
    event('MODIFIED', 'a', 'red'),
    event('MODIFIED', 'a', 'red'),
    event('MODIFIED', 'a', 'blue'),
    event('MODIFIED', 'a', 'green'),
    event('DELETED', 'a', 'green'),
    event('ADDED', 'a', 'red'),
    event('DELETED', 'a', 'red'),
  ];
  expect(told('', ...life)).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'ADDED', 'DELETED']);
});

test.each<[string, RegistryEvent, string[]]>([
  ['red', event('MODIFIED', 'a', 'red'), ['MODIFIED']],
  ['red', event('MODIFIED', 'a', 'blue'), ['DELETED']],
  ['red', event('DELETED', 'a', 'red'), ['DELETED']],
  ['blue', event('MODIFIED', 'a', 'red'), ['ADDED']],
  ['blue', event('MODIFIED', 'a', 'green'), []],
  ['blue', event('DELETED', 'a', 'blue'), []],
])('what was %s before the watch: %j', (before, first, types) => expect(told(before, first)).toEqual(types));

test('bookmarks pass', () => {
  expect(told('', { type: 'BOOKMARK', text: '{}' })).toEqual(['BOOKMARK']);
});
