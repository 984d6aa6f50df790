/** Reads of single keys, several in one transaction without a guard: linearizable as each would be alone, and no entry of etcd's log. */
import type { StoredDocument } from '../contract.ts';
import type { Taken } from './batcher.ts';
import { toDocument } from './keys.ts';
import type { TxnAnswer, TxnRequest } from './txn.ts';

export interface KeyRead {
  readonly key: string;
}

/** Documents may be large: so many of them are still a bearable answer. */
const maxReads = 50;

export const takeReads = <T>(waiting: readonly T[]): Taken<T> => ({
  batch: waiting.slice(0, maxReads),
  rest: waiting.slice(maxReads),
});

export const toReadTransaction = (reads: readonly KeyRead[]): TxnRequest => ({
  type: 'read',
  keys: reads.map(({ key }) => Buffer.from(key)),
});

export const toDocuments = (reads: readonly KeyRead[], { outcomes }: TxnAnswer): (StoredDocument | undefined)[] =>
  reads.map(({ key }, index) => {
    const outcome = outcomes[index];
    if (outcome === undefined) throw new Error(`etcd left out the answer to the read of ${key}`);
    return outcome.found === undefined ? undefined : toDocument(outcome.found);
  });
