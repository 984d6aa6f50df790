import { type ClusterRole, type Draft, resources } from '@skiff/api';
import { afterEach, expect, test } from 'vitest';
import { type Lab, startLab } from '../testing/lab.ts';
import { clusterRoleAggregationController } from './reconcile.ts';

let lab: Lab;
afterEach(() => lab.stop());

const readPods = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
const readJobs = { verbs: ['get'], apiGroups: ['batch'], resources: ['jobs'] };

const role = (name: string, parts: Partial<ClusterRole>, labels: Record<string, string> = {}): Draft<ClusterRole> => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name, labels },
  ...parts,
});

test('an aggregated role has the rules of what it selects, each once, and follows them; others stay as they are', async () => {
  lab = await startLab(({ client, informers }) => [clusterRoleAggregationController(client, informers)]);
  const roles = lab.cluster.client.resource(resources.clusterroles);
  const selects = (key: string) => ({
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [key]: 'true' } }] },
  });
  await roles.create(role('view', { ...selects('view'), rules: [readJobs] }, { edit: 'true' }));
  await roles.create(role('edit', selects('edit')));
  await roles.create(role('b', { rules: [readPods] }, { view: 'true' }));
  await roles.create(role('a', { rules: [readJobs, readPods] }, { view: 'true' }));
  await roles.create(role('plain', { rules: [readPods] }));
  await lab.quiet();
  const rulesOf = async (name: string) => (await roles.get('', name)).rules;
  expect(await rulesOf('view')).toEqual([readJobs, readPods]);
  expect(await rulesOf('edit')).toEqual([readJobs, readPods]);
  expect(await rulesOf('plain')).toEqual([readPods]);
  await roles.delete('', 'a');
  await lab.quiet();
  expect(await rulesOf('edit')).toEqual([readPods]);
});
