/**
 * A kind is a definition: what a collection is called, where it lives, what may be done to it. Built-in
 * kinds and CustomResourceDefinitions are both this, and every door and the registry read only this.
 */
import type { JsonObject } from './object.ts';
import type { ObjectSchema } from './schema/schema.ts';

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

export interface SubresourceDefinition {
  /** `status`, `scale`, `binding`, `log`, … */
  readonly name: string;
  /** The kind that travels when it is not the parent's own, e.g. autoscaling/v1 Scale. */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string };
  readonly verbs: readonly Verb[];
}

export interface Definition {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** `DeploymentList`. */
  readonly listKind: string;
  /** The plural in URLs: `deployments`. */
  readonly resource: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  readonly subresources: readonly SubresourceDefinition[];
  /**
   * The version documents of this resource are stored at, and the group and resource of their etcd key, when these differ
   * from this definition's own (autoscaling/v1 is stored as autoscaling/v2; events.k8s.io as core events).
   * Absent for kinds that are answered and never stored (TokenReview).
   */
  readonly storage?: {
    readonly group: string;
    readonly version: string;
    readonly resource: string;
    readonly kind: string;
  };
  /** The whole object's schema, resolved on first use. */
  readonly schema: () => ObjectSchema;
  /** The schema as its author wrote it, when the kind arrived with one: OpenAPI documents show that. */
  readonly openApi?: () => JsonObject;
}
