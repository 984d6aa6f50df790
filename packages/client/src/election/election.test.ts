import type { Lease } from '@skiff/api';
import { expect, test } from 'vitest';
import { lease } from '../testing/index.ts';
import { defaultTimes, heldBy, mayTake, sight } from './election.ts';

const held = (holderIdentity: string, renewTime = '2026-01-01T00:00:00.000000Z'): Lease =>
  lease('l', { spec: { holderIdentity, leaseDurationSeconds: 15, renewTime } });

test('a lease counts for its whole duration from when it was first seen so, whatever time stands in it', () => {
  const ancient = held('other', '1999-01-01T00:00:00.000000Z');
  const first = sight(undefined, ancient, 1000);
  expect(mayTake(ancient, first, 'me', 1000)).toBe(false);
  expect(mayTake(ancient, sight(first, ancient, 15_999), 'me', 15_999)).toBe(false);
  expect(mayTake(ancient, sight(first, ancient, 16_000), 'me', 16_000)).toBe(true);
  const renewed = held('other', '1999-01-01T00:00:01.000000Z');
  const second = sight(first, renewed, 15_000);
  expect(mayTake(renewed, second, 'me', 16_000)).toBe(false);
});

test.each([
  ['nobody holds it', '', true],
  ['this candidate holds it', 'me', true],
  ['another holds it', 'other', false],
])('%s', (_, holder, may) => {
  expect(mayTake(held(holder), sight(undefined, held(holder), 0), 'me', 0)).toBe(may);
});

test('taking over is a transition with a new acquire time; renewing keeps both', () => {
  const first = heldBy(undefined, 'a', defaultTimes, 0);
  expect(first).toEqual({
    holderIdentity: 'a',
    leaseDurationSeconds: 15,
    acquireTime: '1970-01-01T00:00:00.000000Z',
    renewTime: '1970-01-01T00:00:00.000000Z',
    leaseTransitions: 0,
  });
  const renewed = heldBy(lease('l', { spec: first }), 'a', defaultTimes, 2000);
  expect(renewed).toMatchObject({
    acquireTime: first.acquireTime,
    leaseTransitions: 0,
    renewTime: '1970-01-01T00:00:02.000000Z',
  });
  const taken = heldBy(lease('l', { spec: renewed }), 'b', defaultTimes, 20_000);
  expect(taken).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1, acquireTime: '1970-01-01T00:00:20.000000Z' });
});
