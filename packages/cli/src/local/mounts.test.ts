import { expect, test } from 'vitest';
import { mountsBelow } from './mounts.ts';

const mountinfo = [
  '22 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
  '30 22 0:25 / /srv/state/nodes rw - tmpfs tmpfs rw',
  '31 30 0:26 / /srv/state/nodes/a\\040b rw - tmpfs tmpfs rw',
  '32 22 0:27 / /srv/stateful rw - tmpfs tmpfs rw',
].join('\n');

test('finds mounts at and below a folder, deepest first, and decodes spaces', () => {
  expect(mountsBelow(mountinfo, '/srv/state/nodes')).toEqual(['/srv/state/nodes/a b', '/srv/state/nodes']);
});

test('a folder whose name only begins the same is another folder', () => {
  expect(mountsBelow(mountinfo, '/srv/state')).not.toContain('/srv/stateful');
});
