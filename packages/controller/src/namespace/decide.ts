/** What a namespace that does not empty says about why. Pure; reasons and wording of Kubernetes' namespace controller. */
export interface Remains {
  readonly objects: readonly {
    readonly resource: string;
    readonly group: string;
    readonly finalizers: readonly string[];
  }[];
  /** Errors met while listing or deleting. */
  readonly failures: readonly string[];
}

interface ContentCondition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

export function contentConditions({ objects, failures }: Remains): ContentCondition[] {
  const perKind = count(objects.map(({ resource, group }) => (group === '' ? `${resource}.` : `${resource}.${group}`)));
  const perFinalizer = count(objects.flatMap(({ finalizers }) => finalizers));
  return [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      status: 'False',
      reason: 'ResourcesDiscovered',
      message: 'All resources successfully discovered',
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      status: 'False',
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    },
    failures.length === 0
      ? {
          type: 'NamespaceDeletionContentFailure',
          status: 'False',
          reason: 'ContentDeleted',
          message: 'All content successfully deleted, may be waiting on finalization',
        }
      : {
          type: 'NamespaceDeletionContentFailure',
          status: 'True',
          reason: 'ContentDeletionFailed',
          message: `Failed to delete all resource types, ${failures.length} remaining: ${[...failures].sort().join(', ')}`,
        },
    perKind.length === 0
      ? {
          type: 'NamespaceContentRemaining',
          status: 'False',
          reason: 'ContentRemoved',
          message: 'All content successfully removed',
        }
      : {
          type: 'NamespaceContentRemaining',
          status: 'True',
          reason: 'SomeResourcesRemain',
          message: `Some resources are remaining: ${perKind.map(([kind, number]) => `${kind} has ${number} resource instances`).join(', ')}`,
        },
    perFinalizer.length === 0
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${perFinalizer.map(([name, number]) => `${name} in ${number} resource instances`).join(', ')}`,
        },
  ];
}

function count(names: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}
