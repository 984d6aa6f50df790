import { expect, test } from 'vitest';
import { goList, goSelector, goStruct, goValue } from './go-text.ts';

test.each<[unknown, string]>([
  ['a"b\n', '"a\\"b\\n"'],
  ['\u0001\u007fé', '"\\x01\\x7fé"'],
  [5, '5'],
  [false, 'false'],
  [null, '"null"'],
  [undefined, '"null"'],
  [[], '[]string{}'],
  [['b', 'a'], '[]string{"b", "a"}'],
  [{ b: '1', a: '2' }, 'map[string]string{"a":"2", "b":"1"}'],
  [{ b: 1, a: [true] }, 'map[string]interface {}{"a":[]interface {}{true}, "b":1}'],
  [goList('core.ResourceQuotaScope', ['BestEffort']), '[]core.ResourceQuotaScope{"BestEffort"}'],
  [goList('networking.IngressRule', undefined), '[]networking.IngressRule(nil)'],
  [goStruct('rbac.RoleRef', { APIGroup: undefined, Kind: 'Role' }), 'rbac.RoleRef{APIGroup:"", Kind:"Role"}'],
  [
    goSelector({ matchLabels: { app: 'x' } }),
    'v1.LabelSelector{MatchLabels:map[string]string{"app":"x"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}',
  ],
  [
    goSelector({ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }),
    'v1.LabelSelector{MatchLabels:map[string]string(nil), MatchExpressions:[]v1.LabelSelectorRequirement{v1.LabelSelectorRequirement{Key:"a", Operator:"In", Values:[]string{"b"}}}}',
  ],
  [goSelector(undefined), '"null"'],
])('%j is shown as %s', (value, expected) => {
  expect(goValue(value)).toBe(expected);
});
