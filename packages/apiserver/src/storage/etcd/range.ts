/**
 * etcd's Range call by its bytes (rpc.proto, kv.proto of etcd 3.4). The whole state comes through it when a server starts, and protobufjs with its 64-bit
 * objects would cost as much as all else that is done with a document. Unknown fields are skipped, as protobuf asks.
 */

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

export function encodeRange({ key, end, limit, revision, keysOnly, countOnly }: RangeRequest): Buffer {
  return Buffer.concat([
    bytesField(1, key),
    bytesField(2, end),
    numberField(3, limit),
    numberField(4, revision),
    numberField(8, keysOnly === true ? 1 : undefined),
    numberField(9, countOnly === true ? 1 : undefined),
  ]);
}

const none = Buffer.alloc(0);
const varintType = 0;
const fixed64Type = 1;
const bytesType = 2;
const fixed32Type = 5;

const bytesField = (field: number, bytes: Buffer | undefined): Buffer =>
  bytes === undefined ? none : Buffer.concat([varint((field << 3) | bytesType), varint(bytes.length), bytes]);

const numberField = (field: number, value: number | bigint | undefined): Buffer =>
  value === undefined ? none : Buffer.concat([varint((field << 3) | varintType), varint(value)]);

function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** Throws RangeError for bytes that end in the middle of a field. */
export function decodeRange(bytes: Buffer): RangeAnswer {
  const reader = new Reader(bytes);
  let revision = 0;
  let count = 0;
  const kvs: KeyValue[] = [];
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag === tagOf(1, bytesType)) revision = headerRevision(reader.message());
    else if (tag === tagOf(2, bytesType)) kvs.push(keyValue(reader));
    else if (tag === tagOf(4, varintType)) count = reader.varint();
    else reader.skip(tag);
  }
  return { header: { revision: BigInt(revision) }, kvs, count };
}

const tagOf = (field: number, type: number): number => (field << 3) | type;

function headerRevision(reader: Reader): number {
  let revision = 0;
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag === tagOf(3, varintType)) revision = reader.varint();
    else reader.skip(tag);
  }
  return revision;
}

function keyValue(outer: Reader): KeyValue {
  const reader = outer.message();
  let key = '';
  let value: Buffer = none;
  let modRevision = 0;
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag === tagOf(1, bytesType)) key = reader.bytes().toString();
    else if (tag === tagOf(3, varintType)) modRevision = reader.varint();
    else if (tag === tagOf(5, bytesType)) value = reader.bytes();
    else reader.skip(tag);
  }
  return { key, value, modRevision: BigInt(modRevision) };
}

class Reader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** Exact below 2^53: revisions, which count up one by one, and counts are. */
  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined || this.#at >= this.#end) throw new RangeError('the answer of etcd ends in a number');
      this.#at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  bytes(): Buffer {
    const start = this.#advance(this.varint());
    return this.#bytes.subarray(start, this.#at);
  }

  message(): Reader {
    const start = this.#advance(this.varint());
    return new Reader(this.#bytes, start, this.#at);
  }

  skip(tag: number): void {
    const type = tag % 8;
    if (type === varintType) this.varint();
    else if (type === bytesType) this.#advance(this.varint());
    else if (type === fixed64Type) this.#advance(8);
    else if (type === fixed32Type) this.#advance(4);
    else throw new RangeError(`the answer of etcd has a field of type ${type}`);
  }

  /** Answers where it stood. */
  #advance(length: number): number {
    const start = this.#at;
    if (start + length > this.#end) throw new RangeError('the answer of etcd ends in a field');
    this.#at = start + length;
    return start;
  }
}
