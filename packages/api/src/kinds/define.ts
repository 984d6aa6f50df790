/** How the tables of built-in kinds are written: what is usual is left out. */
import type { Definition, SubresourceDefinition, Verb } from '../definition.ts';
import { builtinType } from '../schema/builtin.ts';

export const allVerbs: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

const writeVerbs: readonly Verb[] = ['get', 'patch', 'update'];

/** What differs from the usual: namespaced, all verbs, no short names, stored as itself. */
export interface Extras {
  readonly clusterScoped?: true;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly verbs?: readonly Verb[];
  readonly subresources?: readonly SubresourceDefinition[];
  readonly singular?: string;
  /** Answered by a computation and never stored. */
  readonly virtual?: true;
  /** Stored as another version or group. */
  readonly storage?: Definition['storage'];
}

/** Starts the table of one group version. `prefix` is the OpenAPI prefix of its types. */
export function groupVersion(group: string, version: string, prefix: string) {
  return (kind: string, resource: string, extras: Extras = {}): Definition => {
    const { clusterScoped, virtual, storage } = extras;
    const type = `${prefix}.${kind}`;
    return {
      group,
      version,
      kind,
      listKind: `${kind}List`,
      resource,
      singular: extras.singular ?? kind.toLowerCase(),
      shortNames: extras.shortNames ?? [],
      categories: extras.categories ?? [],
      namespaced: clusterScoped !== true,
      verbs: extras.verbs ?? allVerbs,
      subresources: extras.subresources ?? [],
      ...(virtual === true ? {} : { storage: storage ?? { group, version, resource, kind } }),
      schema: () => builtinType(type),
    };
  };
}

export const status: SubresourceDefinition = { name: 'status', verbs: writeVerbs };

export const scale: SubresourceDefinition = {
  name: 'scale',
  kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  verbs: writeVerbs,
};

/** A subresource whose kind is of core/v1, by default the parent's own. */
export const subresource = (name: string, verbs: readonly Verb[], kind?: string): SubresourceDefinition => ({
  name,
  verbs,
  ...(kind === undefined ? {} : { kind: { group: '', version: 'v1', kind } }),
});

/** Subresources that hand the connection on accept every HTTP method, and show the verbs of those. */
export const proxyVerbs: readonly Verb[] = ['create', 'delete', 'get', 'patch', 'update'];
export const streamVerbs: readonly Verb[] = ['create', 'get'];
export { writeVerbs };
