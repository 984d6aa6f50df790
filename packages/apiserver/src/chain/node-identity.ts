/** Which node a user is. */
import type { UserInfo } from '../registry/contract.ts';

export const nodesGroup = 'system:nodes';
const userPrefix = 'system:node:';

/** The node's name, for a user `system:node:<name>` in the group `system:nodes`; both must hold. */
export function nodeOf(user: UserInfo): string | undefined {
  if (!user.groups.includes(nodesGroup) || !user.name.startsWith(userPrefix)) return undefined;
  const name = user.name.slice(userPrefix.length);
  return name === '' ? undefined : name;
}

export const nodeUserName = (nodeName: string): string => `${userPrefix}${nodeName}`;

/** True for a name that a node may have (RFC 1123 subdomain, 253 characters). */
export const isNodeName = (name: string): boolean =>
  name.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name);
