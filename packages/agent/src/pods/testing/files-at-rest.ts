/** Lets a test's clock stand still while real files are worked on: time that is stepped must not outrun the disk. */
import { createHook } from 'node:async_hooks';
import { settle } from '@skiff/client/testing';

const pending = new Set<number>();

/** Node names a request to the file system so from its beginning; it has ended when its callback has run. */
const isRequest = (type: string): boolean => type.startsWith('FSREQ') || type === 'FILEHANDLECLOSEREQ';

createHook({
  init(id, type) {
    if (isRequest(type)) pending.add(id);
  },
  after(id) {
    pending.delete(id);
  },
  destroy(id) {
    pending.delete(id);
  },
}).enable();

/** Resolves when no call to the file system is under way, and what the last one's end set off has happened. */
export async function filesAtRest(): Promise<void> {
  do await settle();
  while (pending.size > 0);
}
