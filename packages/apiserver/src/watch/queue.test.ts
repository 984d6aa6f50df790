import { expect, test } from 'vitest';
import type { WatchEvent } from './contract.ts';
import { EventQueue } from './queue.ts';

const bookmark = (version: bigint): WatchEvent => ({ type: 'BOOKMARK', version, document: undefined });

test('what waits at the end is delivered, and nothing that comes after it', async () => {
  const queue = new EventQueue(2);
  expect([1n, 2n, 3n].map((version) => queue.push(bookmark(version)))).toEqual([true, true, false]);
  queue.end(new Error('too slow'));
  expect(await queue.take()).toEqual([bookmark(1n), bookmark(2n)]);
  expect(queue.push(bookmark(4n))).toBe(true);
  await expect(queue.take()).rejects.toThrow('too slow');
});
