import { expect, test } from 'vitest';
import type { UserInfo } from '../registry/contract.ts';
import type { Attributes, Authoriser } from './attributes.ts';
import { createAuthoriser } from './authorise.ts';

const allows: Authoriser = { decide: () => ({ verdict: 'allow', reason: 'a role' }) };
const user = (name: string, ...groups: string[]): UserInfo => ({ name, uid: '', groups, extra: {} });
const path = (of: string): Attributes => ({ type: 'path', verb: 'get', path: of });

test.each([
  [
    'a caller without credentials never gets what a role gives',
    user('system:anonymous', 'system:unauthenticated'),
    '/api',
    'deny',
  ],
  ['it gets health', user('system:anonymous', 'system:unauthenticated'), '/healthz', 'allow'],
  ['a known caller is asked about', user('a', 'system:authenticated'), '/api', 'allow'],
  ['so is a user that a review names without groups', user('a'), '/api', 'allow'],
])('%s', async (_, who, where, verdict) => {
  expect(await createAuthoriser([allows]).decide(who, path(where))).toMatchObject({ verdict });
});

test('silence is no opinion', async () => {
  expect(await createAuthoriser([]).decide(user('a'), path('/api'))).toEqual({ verdict: 'no-opinion', reason: '' });
});
