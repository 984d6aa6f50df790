import { expect, test } from 'vitest';
import { readable } from './log-tail.ts';

test.each([
  ['{"level":"info","msg":"leading"}', 'info leading'],
  ['{"level":"error","msg":"ended","err":{"message":"no room","stack":"…"}}', 'error ended: no room'],
  ['{"level":"info"}', '{"level":"info"}'],
  ['panic: something', 'panic: something'],
  ['null', 'null'],
  ['', ''],
])('%s', (line, text) => {
  expect(readable(line)).toBe(text);
});

test('a long line is cut', () => {
  expect(readable('x'.repeat(1000))).toBe(`${'x'.repeat(400)}…`);
});
