import { expect, test } from 'vitest';
import { repeatsOf } from './support.ts';

test('repeats are told by their index', () => {
  expect([...repeatsOf(['a', 'b', 'a', 'c', 'b', 'a'])]).toEqual([2, 4, 5]);
  expect([...repeatsOf([])]).toEqual([]);
});
