/**
 * etcd's Range call by its bytes (rpc.proto, kv.proto of etcd 3.4). The whole state comes through it when a server starts, and protobufjs with its 64-bit
 * objects would cost as much as all else that is done with a document.
 */
import { BackwardWriter, bytesTag, numberTag, Reader } from './wire.ts';

export interface RangeRequest {
  readonly key: Buffer;
  /** Absent: the key alone. */
  readonly end?: Buffer;
  readonly limit?: number;
  /** Absent: the newest. */
  readonly revision?: bigint;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
}

export interface KeyValue {
  readonly key: string;
  /** Lies in the answer: whoever keeps it for long keeps all of that. */
  readonly value: Buffer;
  readonly modRevision: bigint;
}

export interface RangeAnswer {
  readonly header: { readonly revision: bigint };
  readonly kvs: readonly KeyValue[];
  /** Keys of the range, the limit aside. */
  readonly count: number;
}

/** Tags, lengths and numbers of a request. */
const overheadBytes = 64;

export function encodeRange({ key, end, limit, revision, keysOnly, countOnly }: RangeRequest): Buffer {
  const writer = new BackwardWriter(key.length + (end?.length ?? 0) + overheadBytes);
  if (countOnly === true) writer.number(9, 1);
  if (keysOnly === true) writer.number(8, 1);
  if (revision !== undefined) writer.number(4, revision);
  if (limit !== undefined) writer.number(3, limit);
  if (end !== undefined) writer.bytes(2, end);
  writer.bytes(1, key);
  return writer.finish();
}

/** Throws RangeError for bytes that end in the middle of a field. */
export function decodeRange(bytes: Buffer): RangeAnswer {
  const reader = new Reader(bytes);
  let revision = 0;
  let count = 0;
  const kvs: KeyValue[] = [];
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag === bytesTag(1)) revision = headerRevision(reader.message());
    else if (tag === bytesTag(2)) kvs.push(keyValue(reader.message()));
    else if (tag === numberTag(4)) count = reader.varint();
    else reader.skip(tag);
  }
  return { header: { revision: BigInt(revision) }, kvs, count };
}

const empty = Buffer.alloc(0);

/** Of an answer's header. */
export function headerRevision(reader: Reader): number {
  let revision = 0;
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag === numberTag(3)) revision = reader.varint();
    else reader.skip(tag);
  }
  return revision;
}

/** Of what is read or watched. */
export function keyValue(reader: Reader): KeyValue {
  let key = '';
  let value: Buffer = empty;
  let modRevision = 0;
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag === bytesTag(1)) key = reader.text();
    else if (tag === numberTag(3)) modRevision = reader.varint();
    else if (tag === bytesTag(5)) value = reader.bytes();
    else reader.skip(tag);
  }
  return { key, value, modRevision: BigInt(modRevision) };
}
