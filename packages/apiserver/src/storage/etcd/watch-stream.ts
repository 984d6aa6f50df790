/** etcd's Watch call by its bytes (rpc.proto, kv.proto of etcd 3.4): every change of the cluster comes through it. */
import { type KeyValue, keyValue } from './range.ts';
import { BackwardWriter, bytesTag, numberTag, Reader } from './wire.ts';

/** A watch of all keys. */
export interface WatchRequest {
  readonly startRevision: bigint;
}

export interface WatchAnswer {
  readonly created: boolean;
  readonly canceled: boolean;
  /** Set when the watch asked for what is compacted: the oldest revision that is left. */
  readonly compactRevision: number;
  readonly events: readonly KeyEvent[];
}

/** `kv` of a deletion is the key and the revision alone. */
export interface KeyEvent {
  readonly type: 'put' | 'delete';
  readonly kv: KeyValue;
}

/** The first key and the end of all keys: etcd's own sign for them. */
const everything = Buffer.from([0]);
const requestBytes = 64;

export function encodeWatch({ startRevision }: WatchRequest): Buffer {
  const writer = new BackwardWriter(requestBytes);
  writer.message(1, () => {
    writer.number(3, startRevision);
    writer.bytes(2, everything);
    writer.bytes(1, everything);
  });
  return writer.finish();
}

/** Throws RangeError for bytes that end in the middle of a field. */
export function decodeWatch(bytes: Buffer): WatchAnswer {
  const reader = new Reader(bytes);
  let created = false;
  let canceled = false;
  let compactRevision = 0;
  const events: KeyEvent[] = [];
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag === numberTag(3)) created = reader.varint() !== 0;
    else if (tag === numberTag(4)) canceled = reader.varint() !== 0;
    else if (tag === numberTag(5)) compactRevision = reader.varint();
    else if (tag === bytesTag(11)) events.push(keyEvent(reader.message()));
    else reader.skip(tag);
  }
  return { created, canceled, compactRevision, events };
}

function keyEvent(reader: Reader): KeyEvent {
  let type: KeyEvent['type'] = 'put';
  let kv: KeyValue | undefined;
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag === numberTag(1)) type = reader.varint() === 0 ? 'put' : 'delete';
    else if (tag === bytesTag(2)) kv = keyValue(reader.message());
    else reader.skip(tag);
  }
  if (kv === undefined) throw new RangeError('an event of etcd has no key');
  return { type, kv };
}
