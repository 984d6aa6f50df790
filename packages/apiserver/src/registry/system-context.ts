/** The server's own requests: an identity outside every authoriser, never reachable through a door. */
import type { RequestContext, UserInfo } from './contract.ts';

const systemUser: UserInfo = {
  name: 'system:apiserver',
  uid: '',
  groups: ['system:masters', 'system:authenticated'],
  extra: {},
};

export const systemContext = (signal: AbortSignal): RequestContext => ({
  user: systemUser,
  userAgent: 'skiff-apiserver',
  signal,
  warn: () => {},
});
