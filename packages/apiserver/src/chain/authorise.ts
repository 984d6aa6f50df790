/** May they: the authorisers in the order they are asked. The first that allows or denies decides; silence is a no. */
import type { UserInfo } from '../registry/contract.ts';
import type { Attributes, Authoriser, Decision } from './attributes.ts';

/** The group whose members may do everything, whatever RBAC says: how an administrator gets back in. */
export const mastersGroup = 'system:masters';

const superusers: Authoriser = {
  decide: (user) => ({ verdict: user.groups.includes(mastersGroup) ? 'allow' : 'no-opinion', reason: '' }),
};

/** What a caller without credentials may read, and all that they may. */
const publicPaths = ['/healthz', '/livez', '/readyz', '/version'];

const isPublic = (path: string): boolean =>
  publicPaths.some((open) => path === open || path === `${open}/`) ||
  /^\/(livez|readyz|healthz)\/[a-z0-9-]+$/.test(path);

/** Health and version for everyone; for the unauthenticated nothing else, even where a binding to `system:unauthenticated` says so. */
const publicInfo: Authoriser = {
  decide: (user, attributes) => {
    if (attributes.type === 'path' && isPublic(attributes.path) && ['get', 'head'].includes(attributes.verb))
      return { verdict: 'allow', reason: 'public' };
    return { verdict: user.groups.includes('system:unauthenticated') ? 'deny' : 'no-opinion', reason: '' };
  },
};

/** Asks each in turn. `others` are asked after the two fixed ones: the node authoriser, then RBAC. */
export function createAuthoriser(others: readonly Authoriser[]): Authoriser {
  const list: readonly Authoriser[] = [superusers, publicInfo, ...others];
  return {
    async decide(user: UserInfo, attributes: Attributes): Promise<Decision> {
      const reasons: string[] = [];
      for (const authoriser of list) {
        const decision = await authoriser.decide(user, attributes);
        if (decision.verdict !== 'no-opinion') return decision;
        if (decision.reason !== '') reasons.push(decision.reason);
      }
      return { verdict: 'no-opinion', reason: reasons.join(', ') };
    },
  };
}
