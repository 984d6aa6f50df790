import type { FlowSchema } from '@skiff/api';
import { expect, it } from 'vitest';
import type { UserInfo } from '../../registry/contract.ts';
import type { Attributes } from '../attributes.ts';
import { bySequence, compileSchema } from './match.ts';
import { bootstrapFlowObjects } from './suggested.ts';

const schemas = bootstrapFlowObjects
  .filter(({ resource }) => resource === 'flowschemas')
  .map(({ object }) => compileSchema(object as unknown as FlowSchema))
  .sort(bySequence);

const user = (name: string, ...groups: string[]): UserInfo => ({
  name,
  uid: '',
  groups: [...groups, 'system:authenticated'],
  extra: {},
});
const on = (verb: string, group: string, resource: string, namespace: string, subresource = ''): Attributes => ({
  ...{ type: 'resource', verb, group, version: 'v1', resource, subresource, namespace, name: 'x' },
});
const path = (verb: string, at: string): Attributes => ({ type: 'path', verb, path: at });
const jane = user('jane');
const node = user('system:node:a', 'system:nodes');
const account = (namespace: string, name: string) =>
  user(`system:serviceaccount:${namespace}:${name}`, 'system:serviceaccounts');

it.each<[string, UserInfo, Attributes, string]>([
  ['an administrator', user('root', 'system:masters'), on('delete', '', 'pods', 'a'), 'exempt'],
  ['a probe', jane, path('get', '/healthz'), 'probes'],
  ['one check of a probe', jane, path('get', '/readyz/etcd'), 'probes'],
  ['a path that only begins so', jane, path('get', '/healthzz'), 'global-default'],
  [
    'a scheduler that leads',
    user('system:kube-scheduler'),
    on('update', 'coordination.k8s.io', 'leases', 'kube-system'),
    'system-leader-election',
  ],
  ['a scheduler', user('system:kube-scheduler'), on('list', '', 'pods', ''), 'kube-scheduler'],
  [
    'a controller',
    account('kube-system', 'job-controller'),
    on('create', '', 'pods', 'a'),
    'kube-system-service-accounts',
  ],
  [
    'an operator that leads by a config map',
    account('kube-system', 'x'),
    on('update', '', 'configmaps', 'a'),
    'workload-leader-election',
  ],
  [
    'the endpoint controller',
    account('kube-system', 'endpoint-controller'),
    on('update', '', 'endpoints', 'a'),
    'endpoint-controller',
  ],
  [
    'an account of another namespace',
    account('kube-system2', 'x'),
    on('update', '', 'configmaps', 'a'),
    'service-accounts',
  ],
  ['the status of a node', node, on('patch', '', 'nodes', '', 'status'), 'system-node-high'],
  ['the pods of a node', node, on('list', '', 'pods', ''), 'system-nodes'],
  ['anybody', jane, on('get', 'apps', 'deployments', 'a'), 'global-default'],
])('%s belongs to its schema', (_who, who, attributes, expected) => {
  expect(schemas.find((schema) => schema.of(who)?.(attributes) === true)?.name).toBe(expected);
});

it('knows cluster scope, subresources and several groups', () => {
  const compiled = compileSchema({
    metadata: { name: 'x' },
    spec: {
      priorityLevelConfiguration: { name: 'y' },
      rules: [
        {
          subjects: [{ kind: 'Group', group: { name: '*' } }],
          resourceRules: [
            { verbs: ['get'], apiGroups: ['', 'apps'], resources: ['pods', 'pods/log'], namespaces: ['a'] },
          ],
        },
      ],
    },
  } as unknown as FlowSchema);
  const matches = (attributes: Attributes): boolean => compiled.of(jane)?.(attributes) === true;
  expect(matches(on('get', '', 'pods', 'a'))).toBe(true);
  expect(matches(on('get', '', 'pods', 'a', 'log'))).toBe(true);
  expect(matches(on('get', '', 'pods', 'a', 'status'))).toBe(false);
  expect(matches(on('get', '', 'pods', 'b'))).toBe(false);
  expect(matches(on('get', '', 'pods', ''))).toBe(false);
  expect(matches(path('get', '/x'))).toBe(false);
});
