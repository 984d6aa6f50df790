/** apiextensions.k8s.io/v1 CustomResourceDefinition as decoding leaves it: every member may be absent until it was checked. */
import type { JsonObject } from '@skiff/api';
import type { ClientConfig } from '@skiff/api/validation';
import type { JsonSchema } from '../schema/json-schema.ts';

export interface Names {
  readonly plural?: string;
  readonly singular?: string;
  readonly kind?: string;
  readonly listKind?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

export interface PrinterColumn {
  readonly name?: string;
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  readonly jsonPath?: string;
}

export interface Subresources {
  readonly status?: JsonObject;
  readonly scale?: {
    readonly specReplicasPath?: string;
    readonly statusReplicasPath?: string;
    readonly labelSelectorPath?: string;
  };
}

export interface Version {
  readonly name?: string;
  readonly served?: boolean;
  readonly storage?: boolean;
  readonly deprecated?: boolean;
  readonly deprecationWarning?: string;
  readonly schema?: { readonly openAPIV3Schema?: JsonSchema };
  readonly subresources?: Subresources;
  readonly additionalPrinterColumns?: readonly PrinterColumn[];
  readonly selectableFields?: readonly { readonly jsonPath?: string }[];
}

export interface Conversion {
  readonly strategy?: string;
  readonly webhook?: { readonly clientConfig?: ClientConfig; readonly conversionReviewVersions?: readonly string[] };
}

export interface Condition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export interface CrdSpec {
  readonly group?: string;
  readonly scope?: string;
  readonly names?: Names;
  readonly versions?: readonly Version[];
  readonly conversion?: Conversion;
  readonly preserveUnknownFields?: boolean;
}

export interface Crd {
  readonly metadata?: {
    readonly name?: string;
    readonly uid?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly deletionTimestamp?: string;
    readonly generation?: number;
  };
  readonly spec?: CrdSpec;
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly acceptedNames?: Names;
    readonly storedVersions?: readonly string[];
  };
}

/** The document as a CRD: its schema was checked when it was decoded. */
export const asCrd = (object: JsonObject): Crd => object as unknown as Crd;

export const conditionOf = (crd: Crd, type: string): Condition | undefined =>
  crd.status?.conditions?.find((each) => each.type === type);

export const isTrue = (crd: Crd, type: string): boolean => conditionOf(crd, type)?.status === 'True';
