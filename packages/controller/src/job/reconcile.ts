/** The Job controller: gathers a job's pods, asks `decide.ts`, writes the counts, lets counted pods go, makes and deletes pods. Keyed by job. */
import {
  type Clock,
  canonicalJson,
  type Job,
  matchesLabels,
  type Pod,
  type Random,
  randomSuffix,
  resources,
  toSelector,
} from '@skiff/api';
import type { Client, EventRecorder, InformerFactory } from '@skiff/client';
import { claimChildren } from '../runtime/claims.ts';
import type { Controller, LookAgain } from '../runtime/controller.ts';
import { ignoreGone, ignoreGoneOrReplaced, isNamespaceTerminating, messageOf } from '../runtime/errors.ts';
import { Expectations } from '../runtime/expectations.ts';
import { keyOf, splitKey } from '../runtime/keys.ts';
import { adoptPatch, controllerOf, orphansOf, ownerIndex } from '../runtime/owners.ts';
import { watchPods } from '../runtime/pod-source.ts';
import { isPodActive } from '../runtime/pods.ts';
import { inSlowStartBatches } from '../runtime/slow-start.ts';
import { type NewPod, planJob } from './decide.ts';
import { draftPod } from './draft.ts';
import { isTracked, trackingFinalizer } from './pods.ts';

export interface JobContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly random: Random;
}

export function jobController({ client, informers, recorder, clock, random }: JobContext): Controller {
  const jobs = informers.informer(resources.jobs);
  const pods = informers.informer(resources.pods, { indexes: { ...ownerIndex, job: (pod) => jobsOf(pod) } });
  const jobClient = client.resource(resources.jobs);
  const podClient = client.resource(resources.pods);
  const expectations = new Expectations(clock);

  function watch(enqueue: (key: string) => void): () => void {
    const undo = [
      jobs.onChange((change) => {
        const key = keyOf(change.object);
        if (change.type === 'removed') expectations.forget(key);
        enqueue(key);
      }),
      watchPods({ pods, owners: jobs, kind: 'Job', selects, expectations }, enqueue),
    ];
    return () => undo.forEach((run) => void run());
  }

  async function reconcile(key: string): Promise<LookAgain | undefined> {
    const { namespace, name } = splitKey(key);
    const job = jobs.get(namespace, name);
    await releaseStrays(namespace, name, job);
    if (job === undefined || (job.spec.managedBy ?? 'kubernetes.io/job-controller') !== 'kubernetes.io/job-controller')
      return undefined;
    const owned = await claimPods(job);
    if (!expectations.settled(key)) return undefined;
    const plan = planJob(job, owned, clock.now());
    if (canonicalJson(plan.status) !== canonicalJson(job.status ?? {})) {
      await jobClient.updateStatus({ ...job, status: plan.status });
      for (const { type, reason, message } of plan.events) recorder.event(job, type, reason, message);
    }
    for (const pod of plan.untrack) await untrack(pod);
    if (job.metadata.deletionTimestamp === undefined) {
      await Promise.all(plan.remove.map((pod) => remove(key, job, pod, plan.uncounted)));
      const left = [...plan.create];
      await inSlowStartBatches(left.length, () => create(key, job, left.shift()));
    }
    return plan.againMs === undefined ? undefined : { afterMs: Math.max(plan.againMs - clock.now(), 0) };
  }

  /** Pods whose job is gone are nobody's to count. */
  async function releaseStrays(namespace: string, name: string, job: Job | undefined): Promise<void> {
    for (const pod of pods.byIndex('job', `${namespace}/${name}`))
      if (controllerOf(pod)?.uid !== job?.metadata.uid) await untrack(pod);
    if (job !== undefined) return;
    for (const pod of pods.byIndex('owner', orphansOf(namespace)))
      if (isTracked(pod) && pod.metadata.labels?.['batch.kubernetes.io/job-name'] === name) await untrack(pod);
  }

  const claimPods = (job: Job): Promise<Pod[]> =>
    claimChildren(job, {
      ...{ owners: jobClient, clients: podClient, children: pods, selects, beforeRelease: untrack },
      adoption(owner, pod) {
        const { metadata } = adoptPatch(owner, pod);
        return { metadata: { ...metadata, finalizers: [...(pod.metadata.finalizers ?? []), trackingFinalizer] } };
      },
    });

  /** Fenced by version: other finalizers may have come since. */
  async function untrack({ metadata }: Pod): Promise<void> {
    const { namespace = '', name, uid, resourceVersion } = metadata;
    const finalizers = (metadata.finalizers ?? []).filter((one) => one !== trackingFinalizer);
    if (finalizers.length === (metadata.finalizers ?? []).length) return;
    await podClient
      .patch(namespace, name, 'merge', { metadata: { uid, resourceVersion, finalizers } })
      .catch(ignoreGone);
  }

  async function create(key: string, job: Job, wanted: NewPod | undefined): Promise<void> {
    if (wanted === undefined) return;
    const draft = draftPod(job, wanted, randomSuffix(random));
    const name = draft.metadata.name ?? '';
    expectations.expect(key, `create:${name}`);
    try {
      await podClient.create(draft);
      recorder.event(job, 'Normal', 'SuccessfulCreate', `Created pod: ${name}`);
    } catch (error) {
      expectations.settle(key, `create:${name}`);
      if (isNamespaceTerminating(error)) return;
      recorder.event(job, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`);
      throw error;
    }
  }

  async function remove(key: string, job: Job, pod: Pod, uncounted: boolean): Promise<void> {
    const { namespace = '', name, uid } = pod.metadata;
    if (!isPodActive(pod)) return;
    const token = `delete:${uid}`;
    expectations.expect(key, token);
    try {
      if (uncounted && isTracked(pod)) await untrack(pod);
      await podClient.delete(namespace, name, { uid }).catch(ignoreGoneOrReplaced);
      recorder.event(job, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
    } catch (error) {
      expectations.settle(key, token);
      recorder.event(job, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`);
      throw error;
    }
  }

  return { name: 'job', watch, reconcile };
}

/** Informer index: the key of the job that a pod's controller is, or was under that name. */
function jobsOf(pod: Pod): string[] {
  const owner = controllerOf(pod);
  return owner?.kind === 'Job' ? [`${pod.metadata.namespace}/${owner.name}`] : [];
}

const selects = (job: Job, pod: Pod): boolean => matchesLabels(toSelector(job.spec.selector), pod.metadata.labels);
