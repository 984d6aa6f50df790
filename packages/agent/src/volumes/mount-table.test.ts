import { expect, test } from 'vitest';
import { hostMounts, parseMountInfo } from './mount-table.ts';

test('mount points, with their escapes undone', () => {
  const text = [
    '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue',
    '37 35 0:5 / /with\\040space\\011tab rw - tmpfs tmpfs rw',
    '',
  ].join('\n');
  expect(parseMountInfo(text)).toEqual(['/mnt2', '/with space\ttab']);
});

test('what is bound is the open handle, not the name that mount(8) would make of it', async () => {
  const asked: string[] = [];
  const mounts = hostMounts(async (command, args) => {
    asked.push([command, ...args].join(' '));
    return { code: 0, stdout: '', stderr: '' };
  });
  await mounts.bind('/proc/1/fd/9', '/target');
  expect(asked).toEqual(['mount --no-canonicalize --bind /proc/1/fd/9 /target']);
});
