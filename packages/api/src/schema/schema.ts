/**
 * A schema says what a document of a kind may hold: JSON Schema's subset that Kubernetes calls structural,
 * plus Kubernetes' list and patch rules. One shape serves decoding, strict field checks, defaulting, strategic
 * merge, server-side apply, OpenAPI and the protobuf codec's tests; built-in and custom kinds alike.
 */
import type { Json } from '../object.ts';

export type Schema =
  | ObjectSchema
  | MapSchema
  | ArraySchema
  | StringSchema
  | NumberSchema
  | BooleanSchema
  | IntOrStringSchema
  | AnySchema;

interface Common {
  readonly description?: string;
  readonly nullable?: boolean;
  readonly default?: Json;
  /** The zero value ('', 0, false, an empty list or map) means the same as absence and is dropped (Go's omitempty on a plain field). */
  readonly omitZero?: boolean;
}

/** An object with known fields. `ref` names the shared type it came from, e.g. `io.k8s.api.core.v1.PodSpec`. */
export interface ObjectSchema extends Common {
  readonly type: 'object';
  readonly ref?: string;
  /** Lazy, because types refer to each other in circles (JSONSchemaProps). */
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required: readonly string[];
  /** Unknown fields are kept, not dropped (x-kubernetes-preserve-unknown-fields). */
  readonly preserveUnknown?: boolean;
  /** Strategic merge: fields not named by a patch with `$retainKeys` are cleared (patchStrategy retainKeys). */
  readonly retainKeys?: boolean;
  /** Apply treats the whole as one value (x-kubernetes-map-type: atomic). */
  readonly atomic?: boolean;
  /** Strategic merge replaces the whole instead of merging it (patchStrategy replace). */
  readonly patchReplace?: boolean;
}

/** An object with free keys of one value type (labels, data, resource lists). */
export interface MapSchema extends Common {
  readonly type: 'map';
  readonly values: Schema;
  readonly atomic?: boolean;
}

export interface ArraySchema extends Common {
  readonly type: 'array';
  readonly items: Schema;
  /** x-kubernetes-list-type; absent means atomic. */
  readonly listType?: 'atomic' | 'set' | 'map';
  /** x-kubernetes-list-map-keys, for apply. */
  readonly listMapKeys?: readonly string[];
  /** Strategic merge patch: the single merge key (patchMergeKey) when patchStrategy has `merge`; '' for a merging list of primitives. */
  readonly patchMergeKey?: string;
}

export interface StringSchema extends Common {
  readonly type: 'string';
  readonly enum?: readonly string[];
  /** `date-time` | `micro-time` | `byte` (base64) | `quantity` | `duration` or a CRD's own format. */
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
}

export interface NumberSchema extends Common {
  readonly type: 'integer' | 'number';
  readonly format?: 'int32' | 'int64' | 'double';
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface BooleanSchema extends Common {
  readonly type: 'boolean';
}

export interface IntOrStringSchema extends Common {
  readonly type: 'int-or-string';
}

/** Anything at all (RawExtension, JSON, FieldsV1). */
export interface AnySchema extends Common {
  readonly type: 'any';
}
