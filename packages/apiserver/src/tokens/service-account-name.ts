/** How a service account appears as a user (Kubernetes: serviceaccount.MakeUsername, MakeGroupNames). */
const prefix = 'system:serviceaccount:';
const everyAccount = 'system:serviceaccounts';

export const serviceAccountUserName = (namespace: string, name: string): string => `${prefix}${namespace}:${name}`;

export const serviceAccountGroups = (namespace: string): readonly string[] => [
  everyAccount,
  `${everyAccount}:${namespace}`,
];

/** Namespace and name in `system:serviceaccount:<namespace>:<name>`. */
export function serviceAccountOf(user: string): { readonly namespace: string; readonly name: string } | undefined {
  if (!user.startsWith(prefix)) return undefined;
  const [namespace = '', name = '', ...more] = user.slice(prefix.length).split(':');
  return namespace === '' || name === '' || more.length > 0 ? undefined : { namespace, name };
}
