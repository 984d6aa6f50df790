/** Operation ids and tags as Kubernetes words them: generated clients are named after them (apiserver's GetOperationIDAndTags). */
import type { Definition, SubresourceDefinition } from '@skiff/api';

export interface Operation {
  /** Kubernetes' action: `get`, `list`, `post`, `deletecollection`, `watchlist`, `connect`… */
  readonly action: string;
  /** HTTP's method. */
  readonly method: string;
  /** The path names no namespace though the kind has one. */
  readonly everywhere: boolean;
  /** The path goes on below a proxy. */
  readonly withPath: boolean;
}

const capital = (value: string): string => value.charAt(0).toUpperCase() + value.slice(1);

/** `rbac.authorization` becomes `rbacAuthorization`. */
const joined = (value: string): string =>
  value
    .split(/[^A-Za-z0-9_]+/)
    .map((word, index) => (index === 0 ? word : capital(word)))
    .join('');

const groupWord = ({ group }: Definition): string => (group === '' ? 'core' : joined(group.replace(/\.k8s\.io$/, '')));

/** `rbacAuthorization_v1`. */
export const tagOf = (definition: Definition): string => `${groupWord(definition)}_${definition.version}`;

const verbs = new Map([
  ['get', 'read'],
  ['post', 'create'],
  ['put', 'replace'],
  ['deletecollection', 'delete'],
  ['watchlist', 'watch'],
]);

/** `readAppsV1NamespacedDeployment`, `watchCoreV1PodListForAllNamespaces`, `connectCoreV1GetNamespacedPodExec`. */
export function operationId(
  definition: Definition,
  subresource: SubresourceDefinition | undefined,
  { action, method, everywhere, withPath }: Operation,
): string {
  const of = capital(groupWord(definition)) + capital(definition.version);
  const before = action === 'deletecollection' ? 'Collection' : action === 'connect' ? capital(method) : '';
  const scope = definition.namespaced && !everywhere ? 'Namespaced' : '';
  const after =
    capital(subresource?.name ?? '') +
    (withPath ? 'WithPath' : '') +
    (action === 'watchlist' ? 'List' : '') +
    (definition.namespaced && everywhere ? 'ForAllNamespaces' : '');
  return `${verbs.get(action) ?? action}${of}${before}${scope}${definition.kind}${after}`;
}
