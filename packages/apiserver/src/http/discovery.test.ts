import { builtinDefinitions } from '@skiff/api/kinds';
import { expect, test } from 'vitest';
import { groupsOf, resourceListDocument } from './discovery.ts';

test('a subresource names its kind’s group and version only where they differ from the list’s', () => {
  const core = groupsOf(builtinDefinitions()).find(({ name }) => name === '')?.versions[0];
  if (core === undefined) throw new Error('no core group');
  const { resources } = resourceListDocument(core) as { readonly resources: readonly { readonly name: string }[] };
  const of = (name: string) => resources.find((one) => one.name === name);
  const common = { singularName: '', namespaced: true };
  expect(of('pods/exec')).toEqual({ ...common, name: 'pods/exec', kind: 'PodExecOptions', verbs: ['create', 'get'] });
  expect(of('pods/binding')).toEqual({ ...common, name: 'pods/binding', kind: 'Binding', verbs: ['create'] });
  expect(of('pods/eviction')).toEqual({
    ...common,
    name: 'pods/eviction',
    group: 'policy',
    version: 'v1',
    kind: 'Eviction',
    verbs: ['create'],
  });
});
