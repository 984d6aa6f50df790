/**
 * Who has which ClusterIP and node port: one small document each below `/registry/ranges/`. Creating a key that exists
 * fails, so several API servers can hand out addresses without talking to each other.
 */
import type { Clock, JsonObject } from '@skiff/api';
import { numberAt, textAt } from '../../patch/values.ts';
import { isStoreError, type Store } from '../../storage/contract.ts';
import { parseText } from '../documents.ts';
import { registryPrefix } from '../keys.ts';

export type Range = 'serviceips' | 'servicenodeports';

export interface Marker {
  /** The address or the port, as text. */
  readonly value: string;
  /** `namespace/name` of the service. */
  readonly owner: string;
  readonly takenAtMs: number;
  readonly version: bigint;
}

export interface Markers {
  /** False when somebody has it already. */
  take(value: string, owner: string): Promise<boolean>;
  isTaken(value: string): Promise<boolean>;
  /** Gives it back, unless another service took it meanwhile. */
  release(value: string, owner: string): Promise<void>;
  all(): Promise<readonly Marker[]>;
}

const prefixOf = (range: Range): string => `${registryPrefix}ranges/${range}/`;

export function createMarkers(store: Store, clock: Clock, range: Range): Markers {
  const prefix = prefixOf(range);
  const read = async (value: string): Promise<Marker | undefined> => {
    const document = await store.get(prefix + value);
    return document === undefined ? undefined : toMarker(prefix, document);
  };
  return {
    async take(value, owner) {
      try {
        await store.create(prefix + value, toText(range, value, owner, clock.now()));
        return true;
      } catch (error) {
        if (isStoreError(error, 'exists')) return false;
        throw error;
      }
    },
    isTaken: async (value) => (await read(value)) !== undefined,
    async release(value, owner) {
      const marker = await read(value);
      if (marker?.owner !== owner) return;
      try {
        await store.delete(prefix + value, marker.version);
      } catch (error) {
        if (!isStoreError(error, 'missing', 'conflict')) throw error;
      }
    },
    async all() {
      const { documents } = await store.list(prefix);
      return documents.map((document) => toMarker(prefix, document));
    },
  };
}

/** Shaped like every other document, so that whoever reads the whole store finds a name in it. */
const toText = (range: Range, value: string, owner: string, nowMs: number): string =>
  JSON.stringify({
    kind: 'Allocation',
    apiVersion: 'internal.skiff.io/v1',
    metadata: { name: value },
    range,
    owner,
    takenAtMs: nowMs,
  });

function toMarker(prefix: string, document: { key: string; text: string; version: bigint }): Marker {
  const fields = fieldsOf(document.text);
  return {
    value: document.key.slice(prefix.length),
    owner: textAt(fields, 'owner'),
    takenAtMs: numberAt(fields, 'takenAtMs') ?? 0,
    version: document.version,
  };
}

/** What cannot be read is nobody's: it goes as soon as repairs find it. */
function fieldsOf(text: string): JsonObject {
  try {
    return parseText(text);
  } catch {
    return {};
  }
}
