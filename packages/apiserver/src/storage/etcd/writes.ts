/** One guarded write as etcd sees it, alone or among others of a transaction, and what came of it. */
import type { StoredDocument, Text } from '../contract.ts';
import { toDocument } from './keys.ts';
import { bytesOf, type Guarded, type Operation, type TxnAnswer, type TxnRequest } from './txn.ts';
import { guardOf, slotOf, versionOf } from './versions.ts';

export interface GuardedWrite {
  readonly key: string;
  readonly slot: number;
  readonly expected: bigint;
  /** What it adds to a request. */
  readonly bytes: number;
  readonly guarded: Guarded;
}

/** `done` at a version, or refused by the guard: then the key holds `current`. */
export type WriteOutcome =
  | { readonly done: true; readonly version: bigint }
  | { readonly done: false; readonly current: StoredDocument | undefined };

export const putWrite = (key: string, text: Text, expected: bigint): GuardedWrite =>
  toWrite(key, expected, { type: 'put', value: typeof text === 'string' ? Buffer.from(text) : text });

export const deleteWrite = (key: string, expected: bigint): GuardedWrite => toWrite(key, expected, { type: 'delete' });

function toWrite(key: string, expected: bigint, operation: Operation): GuardedWrite {
  const guarded = { key: Buffer.from(key), modRevision: guardOf(key, expected), operation };
  return { key, slot: slotOf(key), expected, bytes: bytesOf(guarded), guarded };
}

/** In the order of their slots. */
export const toTransaction = (writes: readonly GuardedWrite[]): TxnRequest => ({
  type: 'write',
  writes: writes.map(({ guarded }) => guarded),
});

/** What came of each write, in the order of `writes`. */
export const toOutcomes = (writes: readonly GuardedWrite[], { header, outcomes }: TxnAnswer): WriteOutcome[] =>
  writes.map(({ key }, index) => {
    const outcome = outcomes[index];
    if (outcome === undefined) throw new Error(`etcd left out the answer to write ${index} of ${writes.length}`);
    const { succeeded, found } = outcome;
    if (succeeded) return { done: true, version: versionOf(key, header.revision) };
    return { done: false, current: found === undefined ? undefined : toDocument(found) };
  });
