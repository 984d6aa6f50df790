/** One guarded write as etcd sees it, alone or among others of a transaction, and what came of it. */
import type { ICompare, IRequestOp, ITxnRequest, ITxnResponse } from 'etcd3';
import type { StoredDocument } from '../contract.ts';
import { toDocument } from './keys.ts';
import { guardOf, slotOf, versionOf } from './versions.ts';

export interface GuardedWrite {
  readonly key: string;
  readonly slot: number;
  readonly expected: bigint;
  /** What it adds to a request. */
  readonly bytes: number;
  readonly operation: IRequestOp;
}

/** `done` at a version, or refused by the guard: then the key holds `current`. */
export type WriteOutcome =
  | { readonly done: true; readonly version: bigint }
  | { readonly done: false; readonly current: StoredDocument | undefined };

/** Protobuf around a key that is sent three times (guard, operation, read back). */
const overheadBytes = 100;

export function putWrite(key: string, text: string, expected: bigint): GuardedWrite {
  const value = Buffer.from(text);
  return {
    key,
    slot: slotOf(key),
    expected,
    bytes: value.length + 3 * key.length + overheadBytes,
    operation: { request_put: { key: Buffer.from(key), value } },
  };
}

export function deleteWrite(key: string, expected: bigint): GuardedWrite {
  return {
    key,
    slot: slotOf(key),
    expected,
    bytes: 3 * key.length + overheadBytes,
    operation: { request_delete_range: { key: Buffer.from(key) } },
  };
}

/** A lone write is a plain transaction; several become one, in the order of their slots, each with its own guard. */
export function toTransaction(writes: readonly GuardedWrite[]): ITxnRequest {
  const [first] = writes;
  if (first !== undefined && writes.length === 1) return guarded(first);
  return { success: writes.map((write) => ({ request_txn: guarded(write) })) };
}

function guarded({ key, expected, operation }: GuardedWrite): ITxnRequest {
  const bytes = Buffer.from(key);
  const compare: ICompare = {
    key: bytes,
    target: 'Mod',
    result: 'Equal',
    mod_revision: String(guardOf(key, expected)),
  };
  return { compare: [compare], success: [operation], failure: [{ request_range: { key: bytes } }] };
}

/** What came of each write, in the order of `writes`. */
export function toOutcomes(writes: readonly GuardedWrite[], answer: ITxnResponse): WriteOutcome[] {
  const revision = BigInt(answer.header.revision);
  return writes.map((write, index) => {
    const own = writes.length === 1 ? answer : answer.responses[index]?.response_txn;
    if (own === undefined) throw new Error(`etcd left out the answer to write ${index} of ${writes.length}`);
    if (own.succeeded) return { done: true, version: versionOf(write.key, revision) };
    const found = own.responses[0]?.response_range.kvs[0];
    return { done: false, current: found === undefined ? undefined : toDocument(found) };
  });
}
