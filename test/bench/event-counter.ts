/** Counts the events of a gRPC stream of `WatchBatch` by their lengths, without reading them. */

/** A message's head: a flag and four bytes of length. */
const messageHead = 5;
/** A tag and a length of at most five bytes. */
const fieldHead = 6;

export class EventCounter {
  /** The beginning of a head whose end has not come. */
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes of the event that is passing by. */
  #skip = 0;
  /** Bytes of the message that are still to come, behind that event. */
  #message = 0;

  /** How many events end their head in this chunk. */
  take(chunk: Buffer): number {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    let events = 0;
    while (true) {
      const skipped = Math.min(this.#skip, bytes.length - at);
      at += skipped;
      this.#skip -= skipped;
      if (this.#skip > 0) break;
      const headBytes = this.#message === 0 ? messageHead : Math.min(fieldHead, this.#message);
      if (bytes.length - at < headBytes) break;
      if (this.#message === 0) {
        this.#message = bytes.readUInt32BE(at + 1);
        at += messageHead;
        continue;
      }
      const { value, end } = varint(bytes, at + 1);
      this.#message -= end - at + value;
      this.#skip = value;
      at = end;
      events += 1;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
    return events;
  }
}

function varint(bytes: Buffer, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let at = start, shift = 0; ; at += 1, shift += 7) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, end: at + 1 };
  }
}
