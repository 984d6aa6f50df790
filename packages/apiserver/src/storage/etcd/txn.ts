/**
 * etcd's Txn call by its bytes (rpc.proto of etcd 3.4), in the shapes that the store asks for: writes each with its own guard, and reads of single
 * keys. Every write and every read of a key goes through it, so it costs what it must and no more.
 */
import { headerRevision, type KeyValue, keyValue } from './range.ts';
import { BackwardWriter, bytesTag, numberTag, Reader } from './wire.ts';

/** `operation` when the key's mod revision is `modRevision` (0n: it is not there), otherwise a read of the key. */
export interface Guarded {
  readonly key: Buffer;
  readonly modRevision: bigint;
  readonly operation: Operation;
}

/** On the key of the guard. */
export type Operation = { readonly type: 'put'; readonly value: Buffer } | { readonly type: 'delete' };

export type TxnRequest =
  | { readonly type: 'write'; readonly writes: readonly Guarded[] }
  | { readonly type: 'read'; readonly keys: readonly Buffer[] };

export interface TxnAnswer {
  readonly header: { readonly revision: bigint };
  /** For each write and each key in order. */
  readonly outcomes: readonly Outcome[];
}

/** `succeeded`: the guard held. `found`: what the key holds, when it was read. */
export interface Outcome {
  readonly succeeded: boolean;
  readonly found: KeyValue | undefined;
}

/** Tags, lengths and numbers of one write or read. */
export const overheadBytes = 100;

/** The field of a message that says which of several it is. */
const requestField = { range: 1, put: 2, delete: 3, txn: 4 } as const;
const responseField = { range: 1, txn: 4 } as const;
const compareTargetMod = 2;

/** A lone write is a plain transaction; several become one, each of them a transaction in it. */
export function encodeTxn(request: TxnRequest): Buffer {
  const writer = new BackwardWriter(sizeOf(request));
  if (request.type === 'read') {
    for (const key of request.keys.toReversed()) writer.message(2, () => writeRange(writer, key));
    return writer.finish();
  }
  const [first] = request.writes;
  if (first !== undefined && request.writes.length === 1) writeGuarded(writer, first);
  else
    for (const write of request.writes.toReversed())
      writer.message(2, () => writer.message(requestField.txn, () => writeGuarded(writer, write)));
  return writer.finish();
}

function sizeOf(request: TxnRequest): number {
  if (request.type === 'read') return request.keys.reduce((sum, key) => sum + key.length + overheadBytes, 0);
  return request.writes.reduce((sum, write) => sum + bytesOf(write), 0);
}

/** What a write adds to a request, at most: its key is sent three times (guard, operation, read back). */
export const bytesOf = ({ key, operation }: Guarded): number =>
  3 * key.length + (operation.type === 'put' ? operation.value.length : 0) + overheadBytes;

function writeGuarded(writer: BackwardWriter, { key, modRevision, operation }: Guarded): void {
  writer.message(3, () => writeRange(writer, key));
  writer.message(2, () => writeOperation(writer, key, operation));
  writer.message(1, () => {
    writer.number(6, modRevision);
    writer.bytes(3, key);
    writer.number(2, compareTargetMod);
  });
}

const writeRange = (writer: BackwardWriter, key: Buffer): void =>
  writer.message(requestField.range, () => writer.bytes(1, key));

function writeOperation(writer: BackwardWriter, key: Buffer, operation: Operation): void {
  if (operation.type === 'delete') writer.message(requestField.delete, () => writer.bytes(1, key));
  else
    writer.message(requestField.put, () => {
      writer.bytes(2, operation.value);
      writer.bytes(1, key);
    });
}

/** The answer to `request`. Throws RangeError for bytes that end in the middle of a field. */
export function decodeTxn(bytes: Buffer, request: TxnRequest): TxnAnswer {
  const { revision, outcome, responses } = transaction(new Reader(bytes));
  const header = { revision: BigInt(revision) };
  return { header, outcomes: request.type === 'write' && request.writes.length === 1 ? [outcome] : responses };
}

interface Transaction {
  readonly revision: number;
  /** Its own, as of a guarded write. */
  readonly outcome: Outcome;
  /** Of what stands in it. */
  readonly responses: readonly Outcome[];
}

function transaction(reader: Reader): Transaction {
  let revision = 0;
  let succeeded = false;
  const responses: Outcome[] = [];
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag === bytesTag(1)) revision = headerRevision(reader.message());
    else if (tag === numberTag(2)) succeeded = reader.varint() !== 0;
    else if (tag === bytesTag(3)) responses.push(response(reader.message()));
    else reader.skip(tag);
  }
  return { revision, outcome: { succeeded, found: responses[0]?.found }, responses };
}

function response(reader: Reader): Outcome {
  let outcome: Outcome = { succeeded: true, found: undefined };
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag === bytesTag(responseField.range)) outcome = { succeeded: true, found: firstOf(reader.message()) };
    else if (tag === bytesTag(responseField.txn)) outcome = transaction(reader.message()).outcome;
    else reader.skip(tag);
  }
  return outcome;
}

/** Of the answer to a Range. */
function firstOf(reader: Reader): KeyValue | undefined {
  let found: KeyValue | undefined;
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag === bytesTag(2)) found ??= keyValue(reader.message());
    else reader.skip(tag);
  }
  return found;
}
