import { expect, test } from 'vitest';
import { createColumns, formatTable } from './table.ts';

test('pads columns to their widest cell and leaves no trailing space', () => {
  expect(
    formatTable(
      ['NAME', 'AGE'],
      [
        ['web', '5s'],
        ['a-longer-name', ''],
      ],
    ),
  ).toBe('NAME            AGE\nweb             5s\na-longer-name\n');
});

test('a table without rows is its header', () => {
  expect(formatTable(['NAME'], [])).toBe('NAME\n');
});

test('later rows keep the width of earlier ones', () => {
  const columns = createColumns();
  expect(
    columns([
      ['NAME', 'AGE'],
      ['longer', '1s'],
    ]),
  ).toBe('NAME     AGE\nlonger   1s\n');
  expect(columns([['web', '2s']])).toBe('web      2s\n');
});
