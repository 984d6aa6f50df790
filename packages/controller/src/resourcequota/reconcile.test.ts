import { type Pod, resources } from '@skiff/api';
import { afterEach, expect, test } from 'vitest';
import { type Lab, startLab } from '../testing/lab.ts';
import { resourceQuotaController } from './reconcile.ts';

let lab: Lab;
afterEach(() => lab.stop());

const quotas = () => lab.cluster.client.resource(resources.resourcequotas);
const pods = () => lab.cluster.client.resource(resources.pods);
const statusOf = async (name: string) => (await quotas().get('default', name)).status;

const pod = (name: string, cpu: string): Pod =>
  ({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' } },
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }] },
  }) as unknown as Pod;
const make = (name: string, hard: Record<string, string>) =>
  quotas().create({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name, namespace: 'default' },
    spec: { hard },
  });

test('C069 C077 a fresh quota gets its status, and status follows spec', async () => {
  lab = await startLab((context) => [resourceQuotaController(context)]);
  await pods().create(pod('a', '500m'));
  await pods().create(pod('b', '700m'));
  await make('q', { pods: '5', cpu: '2', secrets: '3', 'count/deployments.apps': '1' });
  await lab.quiet();
  expect(await statusOf('q')).toEqual({
    hard: { pods: '5', cpu: '2', secrets: '3', 'count/deployments.apps': '1' },
    used: { pods: '2', cpu: '1200m', secrets: '0', 'count/deployments.apps': '0' },
  });
  await quotas().patch('default', 'q', 'merge', { spec: { hard: { cpu: '3' } } });
  await lab.quiet();
  expect((await statusOf('q'))?.hard).toMatchObject({ cpu: '3' });
});

test('C072 what goes or ends is given back, once nobody charges the quota any more', async () => {
  lab = await startLab((context) => [resourceQuotaController(context)]);
  for (const name of ['a', 'b']) await pods().create(pod(name, '1'));
  await make('q', { pods: '5', cpu: '2', 'count/pods': '5' });
  await lab.pass(3);
  const ended = await pods().get('default', 'a');
  await pods().updateStatus({ ...ended, status: { ...ended.status, phase: 'Succeeded' } });
  await lab.pass(3);
  expect((await statusOf('q'))?.used).toEqual({ pods: '1', cpu: '1', 'count/pods': '2' });
  await pods().delete('default', 'b', { gracePeriodSeconds: 0 });
  // Admission charges another, which is not stored yet.
  const quota = await quotas().get('default', 'q');
  await quotas().updateStatus({
    ...quota,
    status: { ...quota.status, used: { pods: '2', cpu: '2', 'count/pods': '3' } },
  });
  await lab.pass(1);
  expect((await statusOf('q'))?.used).toEqual({ pods: '2', cpu: '2', 'count/pods': '3' });
  await lab.pass(3);
  expect((await statusOf('q'))?.used).toEqual({ pods: '0', cpu: '0', 'count/pods': '1' });
});
