import { expect, test } from 'vitest';
import { RecentTexts } from './recent-texts.ts';

test('the oldest are forgotten when there is no room', () => {
  const texts = new RecentTexts(6);
  for (const text of ['ab', 'cd', 'ab', 'ef']) texts.add(text);
  expect(['ab', 'cd', 'ef'].filter((text) => texts.has(text))).toEqual(['ab', 'cd', 'ef']);
  texts.add('g');
  expect(['ab', 'cd', 'ef', 'g'].filter((text) => texts.has(text))).toEqual(['cd', 'ef', 'g']);
});

test('what is longer than all the room is not kept', () => {
  const texts = new RecentTexts(3);
  texts.add('abcd');
  expect(texts.has('abcd')).toBe(false);
  texts.add('abc');
  expect(texts.has('abc')).toBe(true);
});
