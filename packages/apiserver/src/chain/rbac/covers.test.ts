import { expect, test } from 'vitest';
import { shownRules, uncovered } from './covers.ts';
import type { Rule } from './rules.ts';

const rule = (parts: Partial<Rule>): Rule => ({
  ...{ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: [], nonResourceURLs: [] },
  ...parts,
});
const urls = (verbs: string[], nonResourceURLs: string[]): Rule =>
  rule({ verbs, nonResourceURLs, apiGroups: [], resources: [] });
const all = rule({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] });

test.each<[string, Rule[], Rule, string[]]>([
  ['the same', [rule({})], rule({}), []],
  [
    'more verbs',
    [rule({})],
    rule({ verbs: ['get', 'list', 'watch'] }),
    ['{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}'],
  ],
  ['from two rules', [rule({}), rule({ verbs: ['list'] })], rule({ verbs: ['get', 'list'] }), []],
  ['of all', [all], rule({ verbs: ['*'], resources: ['pods/log'] }), []],
  ['all of one', [rule({})], all, ['{APIGroups:["*"], Resources:["*"], Verbs:["*"]}']],
  ['a subresource of any', [rule({ resources: ['*/scale'] })], rule({ resources: ['x/scale'] }), []],
  [
    'a subresource is not its resource',
    [rule({})],
    rule({ resources: ['pods/log'] }),
    ['{APIGroups:[""], Resources:["pods/log"], Verbs:["get"]}'],
  ],
  ['one name of any', [rule({})], rule({ resourceNames: ['a'] }), []],
  [
    'any name of one',
    [rule({ resourceNames: ['a'] })],
    rule({}),
    ['{APIGroups:[""], Resources:["pods"], Verbs:["get"]}'],
  ],
  [
    'another name',
    [rule({ resourceNames: ['a'] })],
    rule({ resourceNames: ['a', 'b'] }),
    ['{APIGroups:[""], Resources:["pods"], ResourceNames:["b"], Verbs:["get"]}'],
  ],
  ['a path under another', [urls(['get'], ['/x/*'])], urls(['get'], ['/x/y', '/x/*']), []],
  ['a path is no resource', [all], urls(['get'], ['/x']), ['{NonResourceURLs:["/x"], Verbs:["get"]}']],
])('%s', (_, held, wanted, expected) => {
  expect(shownRules(uncovered(held, [wanted]))).toEqual(expected);
});
