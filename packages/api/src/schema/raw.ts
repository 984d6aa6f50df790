/** The form built-in types have in `generated/schemas.json`: our `Schema`, with references by name. */

export type RawSchema = { readonly description?: string } & (
  | { readonly type: 'ref'; readonly ref: string }
  | { readonly type: 'array'; readonly items: RawSchema }
  | { readonly type: 'map'; readonly values: RawSchema }
  | { readonly type: 'string'; readonly format?: string; readonly enum?: readonly string[] }
  | { readonly type: 'integer' | 'number'; readonly format?: 'int32' | 'int64' | 'double' }
  | { readonly type: 'boolean' | 'int-or-string' | 'any' }
);

/** One named object type, e.g. `io.k8s.api.core.v1.PodSpec`. */
export interface RawType {
  readonly description?: string;
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, RawSchema>>;
}

export type RawTable = Readonly<Record<string, RawType>>;
