/** The CronJob controller: makes a Job for every time that is due. Keyed by CronJob. */
import {
  type Clock,
  type CronJob,
  canonicalJson,
  type Draft,
  formatTime,
  isReason,
  type Job,
  resources,
} from '@skiff/api';
import type { Client, EventRecorder, InformerFactory } from '@skiff/client';
import type { Controller, LookAgain } from '../runtime/controller.ts';
import { ignoreGoneOrReplaced, isNamespaceTerminating, messageOf } from '../runtime/errors.ts';
import { keyOf, splitKey } from '../runtime/keys.ts';
import { controllerOf, controllerReference, ownerIndex } from '../runtime/owners.ts';
import { jobName, planCronJob, withStarted } from './decide.ts';

export interface CronJobContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
}

export function cronJobController({ client, informers, recorder, clock }: CronJobContext): Controller {
  const crons = informers.informer(resources.cronjobs);
  const jobs = informers.informer(resources.jobs, { indexes: ownerIndex });
  const cronClient = client.resource(resources.cronjobs);
  const jobClient = client.resource(resources.jobs);

  function watch(enqueue: (key: string) => void): () => void {
    const undo = [
      crons.onChange(({ object }) => enqueue(keyOf(object))),
      jobs.onChange(({ object }) => {
        const owner = controllerOf(object);
        if (owner?.kind === 'CronJob') enqueue(`${object.metadata.namespace}/${owner.name}`);
      }),
    ];
    return () => undo.forEach((run) => void run());
  }

  async function reconcile(key: string): Promise<LookAgain | undefined> {
    const { namespace, name } = splitKey(key);
    const cron = crons.get(namespace, name);
    if (cron === undefined) return undefined;
    const plan = planCronJob(cron, jobs.byIndex('owner', cron.metadata.uid), clock.now());
    for (const { type, reason, message } of plan.events) recorder.event(cron, type, reason, message);
    let status = plan.status;
    for (const job of plan.remove) {
      const { uid } = job.metadata;
      await jobClient
        .delete(namespace, job.metadata.name, { uid, propagationPolicy: 'Background' })
        .catch(ignoreGoneOrReplaced);
      recorder.event(cron, 'Normal', 'SuccessfulDelete', `Deleted job ${job.metadata.name}`);
      status = { ...status, active: (status.active ?? []).filter((one) => one.uid !== uid) };
    }
    const started = plan.startMs === undefined ? undefined : await start(cron, plan.startMs);
    if (started !== undefined && plan.startMs !== undefined) status = withStarted(status, started, plan.startMs);
    if (canonicalJson(status) !== canonicalJson(cron.status ?? {})) await cronClient.updateStatus({ ...cron, status });
    return plan.againMs === undefined ? undefined : { afterMs: plan.againMs - clock.now() };
  }

  /** Makes the job of that time, or finds the one made for it before. */
  async function start(cron: CronJob, atMs: number): Promise<Job | undefined> {
    const draft = draftJob(cron, atMs);
    const name = draft.metadata.name ?? '';
    try {
      const job = await jobClient.create(draft);
      recorder.event(cron, 'Normal', 'SuccessfulCreate', `Created job ${name}`);
      return job;
    } catch (error) {
      if (isNamespaceTerminating(error)) return undefined;
      if (isReason(error, 'AlreadyExists')) {
        const job = await jobClient.get(cron.metadata.namespace ?? '', name);
        if (controllerOf(job)?.uid === cron.metadata.uid) return job;
      }
      recorder.event(cron, 'Warning', 'FailedCreate', `Error creating job: ${messageOf(error)}`);
      throw error;
    }
  }

  return { name: 'cronjob', watch, reconcile };
}

function draftJob(cron: CronJob, atMs: number): Draft<Job> {
  const { metadata, spec } = cron.spec.jobTemplate;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(cron, atMs),
      namespace: cron.metadata.namespace ?? '',
      labels: { ...metadata?.labels },
      annotations: { ...metadata?.annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': formatTime(atMs) },
      ownerReferences: [controllerReference({ ...cron, apiVersion: 'batch/v1', kind: 'CronJob' })],
    },
    spec: spec ?? { template: {} },
  };
}
