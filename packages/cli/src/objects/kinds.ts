/** From what a user types to kinds: `po`, `pods`, `Pod`, `deploy`, `deployments.apps`, `deployments.v1.apps`, `all`. Pure. */
import type { ServedKind } from '@skiff/client';

/** Kubectl's words when nothing answers to `typed`. */
export const unknownType = (typed: string): Error => new Error(`the server doesn't have a resource type "${typed}"`);

/** The first kind that answers to `typed`: one that is called so before one whose short name it is. */
export function findKind(kinds: readonly ServedKind[], typed: string): ServedKind | undefined {
  const [word = '', ...rest] = typed.toLowerCase().split('.');
  if (word === '') return undefined;
  const [version, ...group] = rest;
  const isMeant = (kind: ServedKind): boolean =>
    rest.length === 0 ||
    kind.group === rest.join('.') ||
    (group.length > 0 && kind.version === version && kind.group === group.join('.'));
  const meant = kinds.filter(isMeant);
  return (
    meant.find(({ resource, singular, kind }) => [resource, singular, kind.toLowerCase()].includes(word)) ??
    meant.find(({ shortNames }) => shortNames.includes(word))
  );
}

/** The kinds of a category that can be listed, each once, at its preferred version. */
export function kindsOfCategory(kinds: readonly ServedKind[], category: string): ServedKind[] {
  const found = new Map<string, ServedKind>();
  for (const kind of kinds) {
    const id = `${kind.resource}.${kind.group}`;
    if (kind.categories.includes(category) && kind.verbs.includes('list') && !found.has(id)) found.set(id, kind);
  }
  return [...found.values()];
}

export interface KindOfDocument {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
}

const apiVersionOf = ({ group, version }: ServedKind): string => (group === '' ? version : `${group}/${version}`);

/** The kind that a document says it is of. */
export const kindOfDocument = (
  kinds: readonly ServedKind[],
  { apiVersion, kind }: KindOfDocument,
): ServedKind | undefined => kinds.find((one) => one.kind === kind && apiVersionOf(one) === apiVersion);

/** `pod`, `deployment.apps`: a kind in front of a name. */
export const labelOf = ({ kind, group }: ServedKind): string =>
  `${kind.toLowerCase()}${group === '' ? '' : `.${group}`}`;
