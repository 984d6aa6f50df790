import { expect, test } from 'vitest';
import { formatTable } from './table.ts';

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
