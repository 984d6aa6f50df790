/** Reads of single keys, several in one transaction without a guard: linearizable as each would be alone, and no entry of etcd's log. */
import type { ITxnRequest, ITxnResponse } from 'etcd3';
import type { StoredDocument } from '../contract.ts';
import type { Taken } from './batcher.ts';
import { toDocument } from './keys.ts';

export interface KeyRead {
  readonly key: string;
}

/** Documents may be large: so many of them are still a bearable answer. */
const maxReads = 50;

export const takeReads = <T>(waiting: readonly T[]): Taken<T> => ({
  batch: waiting.slice(0, maxReads),
  rest: waiting.slice(maxReads),
});

export const toReadTransaction = (reads: readonly KeyRead[]): ITxnRequest => ({
  success: reads.map(({ key }) => ({ request_range: { key: Buffer.from(key) } })),
});

export const toDocuments = (reads: readonly KeyRead[], answer: ITxnResponse): (StoredDocument | undefined)[] =>
  reads.map(({ key }, index) => {
    const range = answer.responses[index]?.response_range;
    if (range === undefined) throw new Error(`etcd left out the answer to the read of ${key}`);
    return range.kvs[0] === undefined ? undefined : toDocument(range.kvs[0]);
  });
