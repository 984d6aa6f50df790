/** From what a user types to a kind: `po`, `pods`, `Pod`, `deploy`, `deployments.apps`. Pure. */
import type { ApiObject, Definition } from '@skiff/api';
import type { ResourceOf } from '@skiff/client';

export type KnownKind = ResourceOf<ApiObject> & { readonly definition: Definition };

/** Throws with kubectl's words when nothing answers to `typed`. */
export function findKind(definitions: readonly Definition[], typed: string): KnownKind {
  const [word = '', ...group] = typed.toLowerCase().split('.');
  const found = definitions.find((definition) => {
    const names = [definition.resource, definition.singular, definition.kind.toLowerCase(), ...definition.shortNames];
    return word !== '' && names.includes(word) && (group.length === 0 || definition.group === group.join('.'));
  });
  if (found === undefined) throw new Error(`the server doesn't have a resource type "${typed}"`);
  return toKnown(found);
}

/** The kind of a document. Throws when its apiVersion and kind are no kind of the server's. */
export function kindOfDocument(
  definitions: readonly Definition[],
  document: { apiVersion?: unknown; kind?: unknown },
): KnownKind {
  const { apiVersion, kind } = document;
  const found = definitions.find(
    (one) => one.kind === kind && (one.group === '' ? one.version : `${one.group}/${one.version}`) === apiVersion,
  );
  if (found === undefined) throw new Error(`no matches for kind "${String(kind)}" in version "${String(apiVersion)}"`);
  return toKnown(found);
}

function toKnown(definition: Definition): KnownKind {
  const { group, version, resource, kind, namespaced } = definition;
  return { group, version, resource, kind, namespaced, definition };
}
