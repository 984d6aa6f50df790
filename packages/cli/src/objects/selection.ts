/** The objects that a command line asks for, kind by kind. */
import type { ServedKind } from '@skiff/client';
import type { Meant } from './arguments.ts';
import type { Catalogue } from './catalogue.ts';

/** One object of a kind, or all that the selectors let through. */
export interface Asked {
  readonly kind: ServedKind;
  /** '' for every namespace, and for kinds outside of namespaces. */
  readonly namespace: string;
  readonly name: string | undefined;
  readonly labelSelector: string;
  readonly fieldSelector: string;
}

export interface Scope {
  readonly namespace: string;
  readonly allNamespaces: boolean;
  readonly selector: string;
  readonly fieldSelector: string;
}

/** Throws Error in kubectl's words for a type that nobody serves, and for a name where there can be none. */
export async function askedFor(catalogue: Catalogue, meant: readonly Meant[], scope: Scope): Promise<Asked[]> {
  const { namespace, allNamespaces, selector: labelSelector, fieldSelector } = scope;
  const named = meant.some(({ name }) => name !== undefined);
  if (named && (labelSelector !== '' || fieldSelector !== ''))
    throw new Error('name cannot be provided when a selector is specified');
  const kinds = await Promise.all(meant.map(({ types }) => catalogue.named(types)));
  return meant.flatMap(({ name }, index) =>
    (kinds[index] ?? []).map((kind) => {
      if (name !== undefined && allNamespaces && kind.namespaced)
        throw new Error('a resource cannot be retrieved by name across all namespaces');
      return {
        ...{ kind, name, labelSelector, fieldSelector },
        namespace: kind.namespaced && !allNamespaces ? namespace : '',
      };
    }),
  );
}
