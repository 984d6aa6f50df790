/** As much of an answer's shape as these tests read. */
export interface Thing {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Meta;
  readonly spec: Fields;
  readonly status: Fields;
  readonly data: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export type Fields = Readonly<Record<string, unknown>>;

export interface Meta {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly uid: string }[];
}

export interface List {
  readonly kind: string;
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly Thing[];
}

export interface Status {
  readonly kind: 'Status';
  readonly reason: string;
  readonly code: number;
  readonly message: string;
  readonly metadata: { readonly continue?: string };
  readonly details?: { readonly causes?: readonly { reason: string; message: string; field: string }[] };
}
