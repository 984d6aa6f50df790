/** Acting as someone else (`kubectl --as`): each identity asked for needs the verb `impersonate` on it. */
import { badRequest } from '@skiff/api';
import type { UserInfo } from '../registry/contract.ts';
import { serviceAccountGroups, serviceAccountOf } from '../tokens/service-account-name.ts';
import type { Attributes } from './attributes.ts';

/** Whom a caller wants to act as; the values of the `Impersonate-*` headers. */
export interface Impersonation {
  readonly user: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

type Authorise = (user: UserInfo, attributes: Attributes) => Promise<void>;

/** The user that the request runs as. Throws ApiError BadRequest when parts are given without a user, Forbidden when one is not allowed. */
export async function impersonate(requester: UserInfo, asked: Impersonation, authorise: Authorise): Promise<UserInfo> {
  if (asked.user === '')
    throw badRequest('requested impersonation of groups, uid or extra without impersonating a user');
  const may = (group: string, resource: string, name: string, subresource = '', namespace = ''): Promise<void> =>
    authorise(requester, {
      type: 'resource',
      verb: 'impersonate',
      group,
      version: 'v1',
      resource,
      subresource,
      namespace,
      name,
    });
  const account = serviceAccountOf(asked.user);
  if (account !== undefined) await may('', 'serviceaccounts', account.name, '', account.namespace);
  else await may('', 'users', asked.user);
  for (const group of asked.groups) await may('', 'groups', group);
  if (asked.uid !== '') await may('authentication.k8s.io', 'uids', asked.uid);
  for (const [key, values] of Object.entries(asked.extra))
    for (const value of values) await may('authentication.k8s.io', 'userextras', value, key);
  return { name: asked.user, uid: asked.uid, groups: groupsOf(asked, account), extra: asked.extra };
}

function groupsOf(asked: Impersonation, account: { namespace: string } | undefined): readonly string[] {
  if (asked.user === 'system:anonymous') return [...asked.groups, 'system:unauthenticated'];
  const own = account !== undefined && asked.groups.length === 0 ? serviceAccountGroups(account.namespace) : [];
  return [...new Set([...asked.groups, ...own, 'system:authenticated'])];
}
