/** Which writes may share a transaction; docs/decisions/group-commit.md has the reasons. */
import type { Taken, Waiting } from './batcher.ts';
import type { GuardedWrite } from './writes.ts';

/** etcd allows 128 operations a transaction, nesting counted (--max-txn-ops). */
const maxWrites = 100;
/** etcd allows 1.5 MiB a request (--max-request-bytes); one larger write goes alone and is etcd's to judge. */
const maxBytes = 1024 * 1024;

/** The longest-waiting writes that fit into one transaction, no two of one slot, in the order of their slots. */
export function takeWrites<T extends Waiting<GuardedWrite>>(waiting: readonly T[]): Taken<T> {
  const slots = new Set<number>();
  const batch: T[] = [];
  const rest: T[] = [];
  let bytes = 0;
  for (const one of waiting) {
    const { slot, bytes: own } = one.request;
    const fits = batch.length === 0 || (batch.length < maxWrites && bytes + own <= maxBytes && !slots.has(slot));
    (fits ? batch : rest).push(one);
    // A later write of a slot never overtakes an earlier one.
    slots.add(slot);
    if (fits) bytes += own;
  }
  batch.sort((a, b) => a.request.slot - b.request.slot);
  return { batch, rest };
}
