/** What a server serves, from its aggregated discovery document. */
import type { ApiObject, Verb } from '@skiff/api';
import { type ObjectMessage, services } from '@skiff/api/wire';
import type { ResourceOf } from '../contract.ts';
import { type CallContext, unary } from './calls.ts';

/** A kind at one of its versions, with what people call it. */
export interface ServedKind extends ResourceOf<ApiObject> {
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly Verb[];
}

/** apidiscovery.k8s.io/v2 APIGroupDiscoveryList, as far as it is read. */
export interface DiscoveryDocument {
  readonly items: readonly {
    readonly metadata: { readonly name?: string };
    readonly versions: readonly { readonly version: string; readonly resources: readonly DiscoveredResource[] }[];
  }[];
}

interface DiscoveredResource {
  readonly resource: string;
  readonly responseKind: { readonly kind: string };
  readonly scope: 'Namespaced' | 'Cluster';
  readonly singularResource: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly verbs: readonly Verb[];
}

const timeoutMs = 30_000;

export async function discover(context: CallContext): Promise<readonly ServedKind[]> {
  const { json } = await unary<ObjectMessage>(context, services.Resources, 'Discover', {}, { timeoutMs });
  return servedKinds(JSON.parse(json ?? '') as DiscoveryDocument);
}

export const servedKinds = ({ items }: DiscoveryDocument): ServedKind[] =>
  items.flatMap(({ metadata, versions }) =>
    versions.flatMap(({ version, resources }) =>
      resources.map((one) => ({
        group: metadata.name ?? '',
        version,
        resource: one.resource,
        kind: one.responseKind.kind,
        namespaced: one.scope === 'Namespaced',
        singular: one.singularResource,
        shortNames: one.shortNames ?? [],
        categories: one.categories ?? [],
        verbs: one.verbs,
      })),
    ),
  );
