import { expect, test } from 'vitest';
import { parseMountInfo } from './mount-table.ts';

test('mount points, with their escapes undone', () => {
  const text = [
    '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue',
    '37 35 0:5 / /with\\040space\\011tab rw - tmpfs tmpfs rw',
    '',
  ].join('\n');
  expect(parseMountInfo(text)).toEqual(['/mnt2', '/with space\ttab']);
});
