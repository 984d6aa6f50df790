import { expect, test } from 'vitest';
import type { RegistryEvent } from './contract.ts';
import { convertedEvents } from './converted-watch.ts';

const event = (type: RegistryEvent['type'], name: string, colour: string): RegistryEvent => ({
  ...{ type, text: JSON.stringify({ metadata: { name }, spec: { colour } }) },
});
const told = (knowsAll: boolean, ...events: readonly RegistryEvent[]): string[] => {
  const pass = convertedEvents((object) => (object.spec as { colour: string }).colour === 'red', knowsAll);
  return events.flatMap((each) => pass(each)?.type ?? []);
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
  expect(told(true, ...life)).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'ADDED', 'DELETED']);
  expect(told(false, ...life)).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'ADDED', 'DELETED']);
});

test('what was there before the watch may have matched', () => {
  expect(told(false, event('MODIFIED', 'a', 'red'))).toEqual(['MODIFIED']);
  expect(told(false, event('MODIFIED', 'a', 'blue'), event('MODIFIED', 'a', 'blue'))).toEqual(['DELETED']);
  expect(told(false, event('DELETED', 'a', 'red'))).toEqual(['DELETED']);
  expect(told(true, event('MODIFIED', 'a', 'blue'))).toEqual([]);
});

test('bookmarks pass', () => {
  expect(told(true, { type: 'BOOKMARK', text: '{}' })).toEqual(['BOOKMARK']);
});
