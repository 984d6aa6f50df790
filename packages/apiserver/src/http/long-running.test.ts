import { expect, test } from 'vitest';
import { isLongRunning } from './resources.ts';

const target = { group: '', version: 'v1', resource: 'pods', namespace: 'default', name: 'web', subresource: '' };

test.each([
  ['get', '', false],
  ['list', '', false],
  ['watch', '', true],
  ['get', 'log', true],
  ['get', 'status', false],
  ['create', 'exec', true],
  ['create', 'eviction', false],
  ['get', 'proxy', true],
] as const)('%s of %j goes on as long as its reader does: %s', (verb, subresource, expected) => {
  expect(isLongRunning({ verb, target: { ...target, subresource } })).toBe(expected);
});
