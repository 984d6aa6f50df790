/** The disruption controller: says how many pods each PodDisruptionBudget can spare. Keyed by budget. */
import {
  type Clock,
  canonicalJson,
  formatSelector,
  matchesLabels,
  type OwnerReference,
  type Pod,
  type PodDisruptionBudget,
  resources,
  toSelector,
} from '@skiff/api';
import type { Client, EventRecorder, InformerFactory } from '@skiff/client';
import type { Controller, LookAgain } from '../runtime/controller.ts';
import { ignoreGone, messageOf } from '../runtime/errors.ts';
import { keyOf, splitKey } from '../runtime/keys.ts';
import { controllerOf } from '../runtime/owners.ts';
import { replicasAt, scaledKind } from './custom-scale.ts';
import { countsControllers, failedStatus, planBudget } from './decide.ts';

export interface DisruptionContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
}

export function disruptionController({ client, informers, recorder, clock }: DisruptionContext): Controller {
  const budgets = informers.informer(resources.poddisruptionbudgets);
  const pods = informers.informer(resources.pods);
  const replicaSets = informers.informer(resources.replicasets);
  const deployments = informers.informer(resources.deployments);
  const statefulSets = informers.informer(resources.statefulsets);
  const replicationControllers = informers.informer(resources.replicationcontrollers);
  const definitions = informers.informer(resources.customresourcedefinitions);

  function watch(enqueue: (key: string) => void): () => void {
    const ofNamespace = (namespace: string | undefined): void => {
      for (const budget of budgets.list(namespace ?? '')) if (countsControllers(budget)) enqueue(keyOf(budget));
    };
    const undo = [
      budgets.onChange(({ object }) => enqueue(keyOf(object))),
      pods.onChange((change) => {
        const states = change.old === undefined ? [change.object] : [change.object, change.old];
        for (const budget of budgets.list(change.object.metadata.namespace ?? ''))
          if (states.some((pod) => selects(budget, pod))) enqueue(keyOf(budget));
      }),
      ...[replicaSets, deployments, statefulSets, replicationControllers].map((informer) =>
        (informer as typeof deployments).onChange((change) => {
          if (change.old?.spec.replicas !== change.object.spec.replicas) ofNamespace(change.object.metadata.namespace);
        }),
      ),
    ];
    return () => undo.forEach((run) => void run());
  }

  async function reconcile(key: string): Promise<LookAgain | undefined> {
    const { namespace, name } = splitKey(key);
    const budget = budgets.get(namespace, name);
    if (budget === undefined || budget.metadata.deletionTimestamp !== undefined) return undefined;
    try {
      return await sync(budget);
    } catch (error) {
      const status = failedStatus(budget, messageOf(error), clock.now());
      if (canonicalJson(status) !== canonicalJson(budget.status ?? {}))
        await client.resource(resources.poddisruptionbudgets).updateStatus({ ...budget, status });
      throw error;
    }
  }

  async function sync(budget: PodDisruptionBudget): Promise<LookAgain | undefined> {
    const selected = pods.list(budget.metadata.namespace ?? '').filter((pod) => selects(budget, pod));
    if (selected.length === 0) recorder.event(budget, 'Normal', 'NoPods', 'No matching pods found');
    const scale = countsControllers(budget) ? await scaleOf(budget, selected) : 0;
    const plan = planBudget(budget, selected, scale, clock.now());
    const { namespace, name } = budget.metadata;
    for (const pod of plan.notDeleted) {
      const message = `Pod was expected by PDB ${namespace}/${name} to be deleted but it wasn't`;
      recorder.event(pod, 'Warning', 'NotDeleted', message);
    }
    if (canonicalJson(plan.status) !== canonicalJson(budget.status ?? {}))
      await client.resource(resources.poddisruptionbudgets).updateStatus({ ...budget, status: plan.status });
    return plan.againMs === undefined ? undefined : { afterMs: plan.againMs - clock.now() };
  }

  /** How many pods the controllers of these pods want together, each asked once. */
  async function scaleOf(budget: PodDisruptionBudget, selected: readonly Pod[]): Promise<number> {
    const scales = new Map<string, number>();
    const unmanaged: Pod[] = [];
    for (const pod of selected) {
      const owner = controllerOf(pod);
      if (owner === undefined) unmanaged.push(pod);
      else if (!scales.has(owner.uid)) {
        const { namespace = '' } = pod.metadata;
        const found = ownerScale(namespace, owner) ?? (await customScale(namespace, owner));
        if (found === undefined) throw new Error(`found no controllers for pod "${pod.metadata.name}"`);
        scales.set(found.uid, found.replicas);
      }
    }
    if (unmanaged.length > 0) {
      const selector = formatSelector(toSelector(budget.spec.selector));
      recorder.event(
        budget,
        'Warning',
        'UnmanagedPods',
        `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`,
      );
    }
    return [...scales.values()].reduce((sum, one) => sum + one, 0);
  }

  function ownerScale(
    namespace: string,
    { kind, name, uid }: { kind: string; name: string; uid: string },
  ): { uid: string; replicas: number } | undefined {
    if (kind === 'ReplicaSet') {
      const set = replicaSets.get(namespace, name);
      const above = set === undefined ? undefined : controllerOf(set);
      const found = above?.kind === 'Deployment' ? deployments.get(namespace, above.name) : set;
      return found === undefined ? undefined : { uid: found.metadata.uid, replicas: found.spec.replicas ?? 1 };
    }
    const informer =
      kind === 'StatefulSet' ? statefulSets : kind === 'ReplicationController' ? replicationControllers : undefined;
    const found = informer?.get(namespace, name);
    return found?.metadata.uid === uid ? { uid, replicas: found.spec.replicas ?? 1 } : undefined;
  }

  /** Of an owner whose kind came at run time and can be scaled. */
  async function customScale(
    namespace: string,
    owner: OwnerReference,
  ): Promise<{ uid: string; replicas: number } | undefined> {
    const scaled = scaledKind(definitions.list(), owner);
    if (scaled === undefined) return undefined;
    const found = await client.resource(scaled.kind).get(namespace, owner.name).catch(ignoreGone);
    if (found?.metadata.uid !== owner.uid) return undefined;
    return { uid: owner.uid, replicas: replicasAt(found, scaled.replicasPath) };
  }

  return { name: 'disruption', watch, reconcile };
}

const selects = (budget: PodDisruptionBudget, pod: Pod): boolean =>
  matchesLabels(toSelector(budget.spec.selector), pod.metadata.labels);
