import { type Job, type Pod, resources } from '@skiff/api';
import { type Part, withParts } from '@skiff/client/testing';
import { afterEach, expect, test } from 'vitest';
import { finishPod, type Lab, startLab } from '../testing/lab.ts';
import { ttlAfterFinishedController } from '../ttl-after-finished/reconcile.ts';
import { jobController } from './reconcile.ts';

let lab: Lab;
afterEach(() => lab.stop());

const labels = { 'batch.kubernetes.io/controller-uid': 'the-uid', 'batch.kubernetes.io/job-name': 'work' };
const base: Job = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: {
    name: 'work',
    namespace: 'default',
    uid: '',
    resourceVersion: '',
    creationTimestamp: '2026-01-02T03:04:05Z',
  },
  spec: {
    completions: 1,
    parallelism: 1,
    backoffLimit: 6,
    manualSelector: true,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      // On a node a deleted pod stays until its kubelet has ended it.
      spec: { restartPolicy: 'Never', nodeName: 'n1', containers: [{ name: 'main', image: 'busybox' }] },
    },
  },
};
const start = async (spec: Part<Job['spec']>): Promise<void> => {
  lab = await startLab(
    (context) => [jobController(context), ttlAfterFinishedController(context)],
    (cluster) => cluster.seed(resources.jobs, withParts(base, [{ spec }])),
  );
  await lab.kubelet();
};
const pods = (): Pod[] => [...lab.cluster.all(resources.pods)];
const running = () => pods().filter((pod) => pod.status?.phase === 'Running' && !pod.metadata.deletionTimestamp);
const job = () => lab.cluster.client.resource(resources.jobs).get('default', 'work');
const conditions = async () =>
  ((await job()).status?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason}`);
const patch = (spec: Part<Job['spec']>) =>
  lab.cluster.client.resource(resources.jobs).patch('default', 'work', 'merge', { spec });
const exitCode = (code: number) => ({
  containerStatuses: [
    { name: 'main', image: '', imageID: '', ready: false, restartCount: 0, state: { terminated: { exitCode: code } } },
  ],
});
const finish = async (phase: 'Succeeded' | 'Failed', which = running()[0], status = {}): Promise<void> => {
  if (which === undefined) throw new Error('no pod runs');
  await finishPod(lab.cluster, which.metadata.name, phase, status);
  await lab.kubelet();
};
const index = (pod: Pod | undefined) => pod?.metadata.annotations?.['batch.kubernetes.io/job-completion-index'];

test('runs its pod to the end, counts it once, and says so', async () => {
  await start({});
  expect(pods()[0]?.metadata).toMatchObject({
    generateName: 'work-',
    finalizers: ['batch.kubernetes.io/job-tracking'],
    ownerReferences: [{ kind: 'Job', name: 'work', controller: true }],
  });
  expect((await job()).status).toMatchObject({
    active: 1,
    ready: 1,
    terminating: 0,
    startTime: '2026-01-02T03:04:05Z',
  });
  await finish('Succeeded');
  const { status } = await job();
  expect(status).toMatchObject({ succeeded: 1, uncountedTerminatedPods: {}, ready: 0 });
  expect(status?.completionTime).toBeDefined();
  expect(status?.active).toBeUndefined();
  expect(await conditions()).toEqual([
    'SuccessCriteriaMet=True CompletionsReached',
    'Complete=True CompletionsReached',
  ]);
  expect(pods()[0]?.metadata.finalizers ?? []).toEqual([]);
  expect(lab.events('work').sort()).toEqual([
    'Completed: Job completed',
    `SuccessfulCreate: Created pod: ${pods()[0]?.metadata.name}`,
  ]);
});

test('parallelism at a time, completions in all', async () => {
  await start({ completions: 5, parallelism: 2 });
  for (let done = 0; done < 5; done += 1) {
    expect(running().length).toBe(Math.min(2, 5 - done));
    await finish('Succeeded');
  }
  expect((await job()).status).toMatchObject({ succeeded: 5 });
  expect(pods()).toHaveLength(5);
});

test('a failed pod is replaced after a pause that grows, until the limit is reached', async () => {
  await start({ backoffLimit: 2 });
  for (const pause of [11, 21]) {
    await finish('Failed');
    expect(running()).toEqual([]);
    await lab.pass(pause);
    await lab.kubelet();
    expect(running()).toHaveLength(1);
  }
  await finish('Failed');
  expect((await job()).status).toMatchObject({ failed: 3 });
  expect(await conditions()).toEqual(['FailureTarget=True BackoffLimitExceeded', 'Failed=True BackoffLimitExceeded']);
  expect(lab.events('work')).toContain('BackoffLimitExceeded: Job has reached the specified backoff limit');
  expect(pods()).toHaveLength(3);
});

test('a work queue ends when one pod says so and the others have ended', async () => {
  const { completions: _, ...spec } = base.spec;
  lab = await startLab(
    (context) => [jobController(context)],
    (cluster) => cluster.seed(resources.jobs, { ...base, spec: { ...spec, parallelism: 3 } }),
  );
  await lab.kubelet();
  await finish('Succeeded');
  expect(running()).toHaveLength(2);
  expect(await conditions()).toEqual([]);
  await finish('Succeeded');
  await finish('Failed');
  expect(await conditions()).toContain('Complete=True CompletionsReached');
});

test('Indexed: each index once, known to its pod', async () => {
  await start({ completionMode: 'Indexed', completions: 4, parallelism: 3 });
  expect(running().map(index)).toEqual(['0', '1', '2']);
  const [first] = running();
  expect(first?.spec.hostname).toBe('work-0');
  expect(first?.spec.containers[0]?.env).toEqual([
    {
      name: 'JOB_COMPLETION_INDEX',
      valueFrom: {
        fieldRef: { apiVersion: 'v1', fieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']" },
      },
    },
  ]);
  expect(first?.metadata.name).toMatch(/^work-0-[a-z0-9]{5}$/);
  await finish('Failed', running()[1]);
  await lab.pass(11);
  await lab.kubelet();
  expect(running().map(index).sort()).toEqual(['0', '1', '2']);
  while (running().length > 0) await finish('Succeeded');
  expect((await job()).status).toMatchObject({ succeeded: 4, failed: 1, completedIndexes: '0-3' });
});

test('backoffLimitPerIndex: an index that is given up does not stop the others', async () => {
  await start({
    completionMode: 'Indexed',
    completions: 2,
    parallelism: 2,
    backoffLimitPerIndex: 1,
    backoffLimit: 2147483647,
  });
  const of = (wanted: string) => running().find((pod) => index(pod) === wanted);
  await finish('Failed', of('0'));
  await lab.pass(11);
  await lab.kubelet();
  expect(of('0')?.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count']).toBe('1');
  await finish('Failed', of('0'));
  await lab.pass(60);
  await lab.kubelet();
  expect(of('0')).toBeUndefined();
  expect((await job()).status?.failedIndexes).toBe('0');
  await finish('Succeeded', of('1'));
  expect((await job()).status).toMatchObject({ completedIndexes: '1', failedIndexes: '0', failed: 2, succeeded: 1 });
  expect(await conditions()).toEqual(['FailureTarget=True FailedIndexes', 'Failed=True FailedIndexes']);
});

test('podFailurePolicy: ignored failures are not counted, others end the job', async () => {
  await start({
    backoffLimit: 0,
    podFailurePolicy: {
      rules: [
        { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        { action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } },
      ],
    },
  });
  await finish('Failed', running()[0], { conditions: [{ type: 'DisruptionTarget', status: 'True' }] });
  expect((await job()).status?.failed).toBeUndefined();
  await lab.pass(11);
  await lab.kubelet();
  const [pod] = running();
  await finish('Failed', pod, exitCode(42));
  const failed = (await job()).status?.conditions?.find(({ type }) => type === 'Failed');
  expect(failed).toMatchObject({
    reason: 'PodFailurePolicy',
    message: `Container main for pod default/${pod?.metadata.name} failed with exit code 42 matching FailJob rule at index 1`,
  });
});

test('successPolicy: enough of the indexes end the job, the rest is deleted', async () => {
  await start({
    completionMode: 'Indexed',
    completions: 3,
    parallelism: 3,
    successPolicy: { rules: [{ succeededIndexes: '0,2', succeededCount: 1 }] },
  });
  await finish(
    'Succeeded',
    running().find((pod) => index(pod) === '1'),
  );
  expect(await conditions()).toEqual([]);
  await finish(
    'Succeeded',
    running().find((pod) => index(pod) === '2'),
  );
  expect(running()).toEqual([]);
  expect(await conditions()).toEqual(['SuccessCriteriaMet=True SuccessPolicy', 'Complete=True SuccessPolicy']);
  expect((await job()).status?.conditions?.[0]?.message).toBe('Matched rules at index 0');
});

test('suspending deletes the pods uncounted, resuming starts the clock anew', async () => {
  await start({ parallelism: 2, completions: 2, activeDeadlineSeconds: 100 });
  await lab.pass(60);
  await patch({ suspend: true });
  await lab.kubelet();
  expect(pods()).toEqual([]);
  expect((await job()).status?.failed).toBeUndefined();
  expect((await job()).status?.startTime).toBeUndefined();
  expect(await conditions()).toEqual(['Suspended=True JobSuspended']);
  await lab.pass(100);
  await patch({ suspend: false });
  await lab.kubelet();
  expect(running()).toHaveLength(2);
  expect(await conditions()).toEqual(['Suspended=False JobResumed']);
  expect(lab.events('work')).toEqual(expect.arrayContaining(['Suspended: Job suspended', 'Resumed: Job resumed']));
  await lab.pass(101);
  await lab.kubelet();
  expect(running()).toEqual([]);
  expect(await conditions()).toContain('Failed=True DeadlineExceeded');
});

test('podReplacementPolicy Failed: a pod that is going is replaced when it has ended', async () => {
  await start({ podReplacementPolicy: 'Failed' });
  const [pod] = running();
  await lab.cluster.client.resource(resources.pods).delete('default', pod?.metadata.name ?? '');
  await lab.quiet();
  expect(pods()).toHaveLength(1);
  expect((await job()).status).toMatchObject({ terminating: 1 });
  await finishPod(lab.cluster, pod?.metadata.name ?? '', 'Failed');
  await lab.pass(11);
  await lab.kubelet();
  expect(running()).toHaveLength(1);
  expect((await job()).status).toMatchObject({ failed: 1 });
});

test('fewer at a time: the least useful pods go, and are no failures', async () => {
  await start({ completions: 4, parallelism: 4 });
  await patch({ parallelism: 1 });
  await lab.kubelet();
  expect(running()).toHaveLength(1);
  expect((await job()).status?.failed).toBeUndefined();
});

test('a finished job goes after its time to live, and its pods are let go with it', async () => {
  await start({ ttlSecondsAfterFinished: 60 });
  await finish('Succeeded');
  await lab.pass(30);
  expect(lab.cluster.all(resources.jobs)).toHaveLength(1);
  await lab.pass(31);
  expect((await job()).metadata).toMatchObject({ finalizers: ['foregroundDeletion'] });
});

test('pods of a job that is gone are not held', async () => {
  await start({});
  await lab.cluster.client.resource(resources.jobs).delete('default', 'work', { propagationPolicy: 'Background' });
  await lab.kubelet();
  expect(pods()[0]?.metadata.finalizers ?? []).toEqual([]);
});
