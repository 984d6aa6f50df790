import { type CronJob, type Job, resources } from '@skiff/api';
import { type Part, withParts } from '@skiff/client/testing';
import { afterEach, expect, test } from 'vitest';
import { type Lab, names, startLab } from '../testing/lab.ts';
import { cronJobController } from './reconcile.ts';

let lab: Lab;
afterEach(() => lab.stop());

// The clock starts at 2026-01-02T03:04:05Z.
const base: CronJob = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: {
    name: 'tick',
    namespace: 'default',
    uid: '',
    resourceVersion: '',
    creationTimestamp: '2026-01-02T03:04:05Z',
  },
  spec: {
    schedule: '*/10 * * * *',
    jobTemplate: {
      metadata: { labels: { app: 'tick' } },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox' }] } } },
    },
  },
};
const start = async (spec: Part<CronJob['spec']> = {}): Promise<void> => {
  lab = await startLab(
    (context) => [cronJobController(context)],
    (cluster) => cluster.seed(resources.cronjobs, withParts(base, [{ spec }])),
  );
  await lab.quiet();
};
const jobs = () => lab.cluster.all(resources.jobs);
const cron = () => lab.cluster.client.resource(resources.cronjobs).get('default', 'tick');
const jobAt = (time: string): string => `tick-${Date.parse(time) / 60_000}`;
const finish = async (job: Job | undefined, type: 'Complete' | 'Failed' = 'Complete'): Promise<void> => {
  if (job === undefined) throw new Error('no such job');
  const now = new Date(lab.cluster.clock.now()).toISOString();
  const decided = type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
  const conditions = [decided, type].map((each) => ({ type: each, status: 'True' as const, lastTransitionTime: now }));
  await lab.cluster.client.resource(resources.jobs).updateStatus({
    ...job,
    status: {
      startTime: job.metadata.creationTimestamp,
      conditions,
      ...(type === 'Complete' ? { completionTime: now } : {}),
    },
  });
  await lab.quiet();
};

test('makes one job for every time that is due, and keeps a list of those that run', async () => {
  await start();
  expect(jobs()).toEqual([]);
  await lab.pass(360);
  expect(jobs()).toMatchObject([
    {
      metadata: {
        name: jobAt('2026-01-02T03:10:00Z'),
        labels: { app: 'tick' },
        annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-02T03:10:00Z' },
        ownerReferences: [{ kind: 'CronJob', name: 'tick', controller: true }],
      },
    },
  ]);
  expect((await cron()).status).toMatchObject({
    lastScheduleTime: '2026-01-02T03:10:00Z',
    active: [{ name: jobAt('2026-01-02T03:10:00Z') }],
  });
  expect(lab.events('tick')).toEqual([`SuccessfulCreate: Created job ${jobAt('2026-01-02T03:10:00Z')}`]);
  await finish(jobs()[0]);
  expect((await cron()).status?.active).toBeUndefined();
  expect((await cron()).status?.lastSuccessfulTime).toBeDefined();
  expect(lab.events('tick')).toContain(
    `SawCompletedJob: Saw completed job: ${jobAt('2026-01-02T03:10:00Z')}, condition: Complete`,
  );
  await lab.pass(600);
  expect(jobs()).toHaveLength(2);
});

test('Forbid waits, Allow and Replace do not', async () => {
  await start({ concurrencyPolicy: 'Forbid' });
  await lab.pass(360);
  await lab.pass(600);
  expect(jobs()).toHaveLength(1);
  expect(lab.events('tick')).toContain(
    'JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid',
  );
  await finish(jobs()[0]);
  expect(names(jobs())).toEqual([jobAt('2026-01-02T03:10:00Z'), jobAt('2026-01-02T03:20:00Z')]);
  await lab.cluster.client
    .resource(resources.cronjobs)
    .patch('default', 'tick', 'merge', { spec: { concurrencyPolicy: 'Replace' } });
  await lab.pass(600);
  expect(names(jobs())).toEqual([jobAt('2026-01-02T03:10:00Z'), jobAt('2026-01-02T03:30:00Z')]);
  await lab.cluster.client
    .resource(resources.cronjobs)
    .patch('default', 'tick', 'merge', { spec: { concurrencyPolicy: 'Allow' } });
  await lab.pass(600);
  expect(jobs()).toHaveLength(3);
});

test('suspended it makes nothing; resumed it makes the last one that was missed, within the deadline', async () => {
  await start({ suspend: true });
  await lab.pass(3600);
  expect(jobs()).toEqual([]);
  await lab.cluster.client.resource(resources.cronjobs).patch('default', 'tick', 'merge', { spec: { suspend: false } });
  await lab.quiet();
  expect(names(jobs())).toEqual([jobAt('2026-01-02T04:00:00Z')]);
});

test('what is later than the deadline is not made any more', async () => {
  await start({ suspend: true, startingDeadlineSeconds: 20 });
  await lab.pass(3600);
  await lab.cluster.client.resource(resources.cronjobs).patch('default', 'tick', 'merge', { spec: { suspend: false } });
  await lab.quiet();
  expect(jobs()).toEqual([]);
  await lab.pass(400);
  expect(names(jobs())).toEqual([jobAt('2026-01-02T04:10:00Z')]);
});

test('history beyond the limits goes, oldest first', async () => {
  await start({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 });
  await lab.pass(360);
  await finish(jobs()[0]);
  await lab.pass(600);
  await finish(jobs()[1]);
  expect(names(jobs())).toEqual([jobAt('2026-01-02T03:20:00Z')]);
  await lab.pass(600);
  await finish(jobs()[1], 'Failed');
  expect(names(jobs())).toEqual([jobAt('2026-01-02T03:20:00Z')]);
});

test('another time zone', async () => {
  await start({ schedule: '30 8 * * *', timeZone: 'Asia/Kolkata' });
  await lab.pass(86_400);
  expect(names(jobs())).toEqual([jobAt('2026-01-03T03:00:00Z')]);
});
