/** What most kinds do: a status that only its subresource writes, and a generation that counts changes of the spec. */
import type { JsonObject } from '@skiff/api';
import { copy, numberAt, own, put, same } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';
import { keepAllButStatus, keepAllMetaButManagers } from '../keep.ts';
import { metaOf, putOrDelete } from '../meta.ts';

export interface StandardRules {
  /** The status of a new object; absent: the kind has no status that the server owns. */
  readonly status?: JsonObject;
  /** Top-level members whose change is a new generation; absent: the kind counts none. */
  readonly generation?: readonly string[];
  /** A status update changes nothing of the metadata. */
  readonly statusKeepsMeta?: boolean;
}

/** A strategy by these rules, with whatever else the kind says. */
export function standard(rules: StandardRules, more: Strategy = {}): Strategy {
  return {
    ...more,
    prepareForCreate(object, nowMs, user) {
      if (rules.status !== undefined) put(object, 'status', copy(rules.status));
      if (rules.generation !== undefined) put(metaOf(object), 'generation', 1);
      more.prepareForCreate?.(object, nowMs, user);
    },
    prepareForUpdate(object, old, nowMs) {
      if (rules.status !== undefined) putOrDelete(object, 'status', own(old, 'status'));
      more.prepareForUpdate?.(object, old, nowMs);
      if (rules.generation !== undefined) countGeneration(object, old, rules.generation);
    },
    prepareForStatusUpdate(object, old, nowMs) {
      keepAllButStatus(object, old);
      if (rules.statusKeepsMeta === true) keepAllMetaButManagers(object, old);
      more.prepareForStatusUpdate?.(object, old, nowMs);
    },
  };
}

/** Raises `metadata.generation` when one of the parts changed. */
export function countGeneration(object: JsonObject, old: JsonObject, parts: readonly string[]): void {
  const before = numberAt(old, 'metadata', 'generation') ?? 0;
  const changed = parts.some((part) => !same(own(object, part), own(old, part)));
  put(metaOf(object), 'generation', changed ? before + 1 : before);
}
