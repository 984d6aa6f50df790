/** Protobuf's wire, as far as etcd's calls need it. What a message holds stands beside its readers and writers. */

const varintType = 0;
const fixed64Type = 1;
const bytesType = 2;
const fixed32Type = 5;

export const numberTag = (field: number): number => (field << 3) | varintType;
export const bytesTag = (field: number): number => (field << 3) | bytesType;

/** Reads where the bytes lie. Throws RangeError for bytes that end in the middle of a field. */
export class Reader {
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

  /** They lie in the message: whoever keeps them for long keeps all of it. */
  bytes(): Buffer {
    const start = this.#advance(this.varint());
    return this.#bytes.subarray(start, this.#at);
  }

  text(): string {
    const start = this.#advance(this.varint());
    return this.#bytes.toString('utf8', start, this.#at);
  }

  message(): Reader {
    const start = this.#advance(this.varint());
    return new Reader(this.#bytes, start, this.#at);
  }

  /** Unknown fields are passed over, as protobuf asks. */
  skip(tag: number): void {
    const type = tag % 8;
    if (type === varintType) this.#skipVarint();
    else if (type === bytesType) this.#advance(this.varint());
    else if (type === fixed64Type) this.#advance(8);
    else if (type === fixed32Type) this.#advance(4);
    else throw new RangeError(`the answer of etcd has a field of type ${type}`);
  }

  #skipVarint(): void {
    for (;;) {
      const byte = this.#bytes[this.#advance(1)] ?? 0;
      if (byte < 0x80) return;
    }
  }

  /** Answers where it stood. */
  #advance(length: number): number {
    const start = this.#at;
    if (start + length > this.#end) throw new RangeError('the answer of etcd ends in a field');
    this.#at = start + length;
    return start;
  }
}

/** Writes a message from its end to its start: the length of what stands in another is known when it is needed. */
export class BackwardWriter {
  readonly #bytes: Buffer;
  #at: number;

  /** Room for `capacity` bytes. */
  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(capacity);
    this.#at = capacity;
  }

  /** From 0 up to 2^53. */
  number(field: number, value: number | bigint): void {
    this.#varint(value);
    this.#varint(numberTag(field));
  }

  bytes(field: number, value: Uint8Array): void {
    this.#at -= value.length;
    this.#bytes.set(value, this.#at);
    this.#varint(value.length);
    this.#varint(bytesTag(field));
  }

  /** What `write` writes, as a message of its own. */
  message(field: number, write: () => void): void {
    const end = this.#at;
    write();
    this.#varint(end - this.#at);
    this.#varint(bytesTag(field));
  }

  /** Throws RangeError when there was no room for all of it. */
  finish(): Buffer {
    if (this.#at < 0) throw new RangeError('the request to etcd is longer than was thought');
    return this.#bytes.subarray(this.#at);
  }

  #varint(value: number | bigint): void {
    let rest = Number(value);
    let length = 1;
    for (let above = rest; above >= 0x80; above = Math.floor(above / 0x80)) length += 1;
    this.#at -= length;
    let at = this.#at;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
      this.#bytes[at] = (rest % 0x80) | 0x80;
      at += 1;
    }
    this.#bytes[at] = rest;
  }
}
