/** Between etcd's bytes and the store's texts. */
import type { StoredBytes, StoredDocument } from '../contract.ts';
import type { KeyValue } from './range.ts';
import { versionOf } from './versions.ts';

export const toDocument = ({ key, value, modRevision }: KeyValue): StoredDocument => ({
  key,
  text: value.toString(),
  version: versionOf(key, modRevision),
});

export const toBytes = ({ key, value, modRevision }: KeyValue): StoredBytes => ({
  key,
  bytes: value,
  version: versionOf(key, modRevision),
});

/** The first key behind all that start with `prefix`: its last byte that can grow, grown. */
export function prefixEnd(prefix: string): Buffer {
  const bytes = Buffer.from(prefix);
  for (let index = bytes.length - 1; index >= 0; index -= 1) {
    const byte = bytes[index] ?? 0;
    if (byte === 0xff) continue;
    bytes[index] = byte + 1;
    return bytes.subarray(0, index + 1);
  }
  // Everything: etcd's own sign for it.
  return Buffer.from([0]);
}
