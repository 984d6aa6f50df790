/**
 * Facts about built-in types that their shape does not tell, one entry a type. They are those of the struct tags and
 * markers of k8s.io/api v0.32 (`patchStrategy`, `patchMergeKey`, `+listType`, `+listMapKey`, `+structType`, `+mapType`),
 * of its pointers and `omitempty`, and of the unconditional part of pkg/apis/<group>/<version>/defaults.go.
 */
import type { Json } from '../../object.ts';

export interface ListRule {
  readonly listType?: 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  readonly patchMergeKey?: string;
}

export interface TypeRule {
  /** The fields that the published schema requires, where the types of TypeScript clients tell it otherwise. */
  readonly required?: readonly string[];
  /** Server-side apply takes the whole as one value, wherever the type is used. */
  readonly atomic?: true;
  /** Lists that merge. A list that is not named here is atomic. */
  readonly lists?: Readonly<Record<string, ListRule>>;
  /** Fields whose map or object apply takes as one value. */
  readonly atomicFields?: readonly string[];
  /** Fields whose object merges field by field although its type is atomic elsewhere. */
  readonly granular?: readonly string[];
  /** Fields (or their items) where strategic merge honours `$retainKeys`. */
  readonly retainKeys?: readonly string[];
  /** Fields that strategic merge replaces instead of merging. */
  readonly replaceFields?: readonly string[];
  /** Values of absent fields, given whenever an object of the type exists. Go's zero value counts as absent unless in `keepZero`. */
  readonly defaults?: Readonly<Record<string, Json>>;
  /** Optional fields where 0, false, '' or an empty list is a value. In other optional fields it is the same as absent. */
  readonly keepZero?: readonly string[];
}

/** Rules by a type's name inside its group. */
export type TypeRules = Readonly<Record<string, TypeRule>>;

/** Merges by key in apply and, by the first key, in strategic merge. */
export const keyed = (...keys: readonly string[]): ListRule => ({
  listType: 'map',
  listMapKeys: keys,
  ...(keys[0] === undefined ? {} : { patchMergeKey: keys[0] }),
});

/** Merges by key in apply, and is replaced by strategic merge. */
export const keyedForApply = (...keys: readonly string[]): ListRule => ({ listType: 'map', listMapKeys: keys });

/** Atomic in apply, and merges by key in strategic merge. */
export const merging = (key: string): ListRule => ({ patchMergeKey: key });

/** A set in apply, and replaced by strategic merge. */
export const set: ListRule = { listType: 'set' };

/** A set of plain values that merges in both. */
export const mergingSet: ListRule = { listType: 'set', patchMergeKey: '' };
