/**
 * The ReplicaSet controller, and the ReplicationController's, which differs in the form of its selector only: gathers a
 * set's pods, asks `decide.ts`, creates and deletes, writes the status.
 */
import {
  type Clock,
  canonicalJson,
  isReason,
  matchesLabels,
  type Pod,
  type Random,
  type ReplicaSet,
  type ReplicationController,
  randomSuffix,
  resources,
  type Selector,
  selectorOfLabels,
  toSelector,
} from '@skiff/api';
import type { Client, EventRecorder, InformerFactory, ResourceOf } from '@skiff/client';
import { claimChildren } from '../runtime/claims.ts';
import type { Controller, LookAgain } from '../runtime/controller.ts';
import { ignoreGone, isNamespaceTerminating, messageOf } from '../runtime/errors.ts';
import { Expectations } from '../runtime/expectations.ts';
import { keyOf, splitKey } from '../runtime/keys.ts';
import { controllerOf, controllerReference, ownerIndex } from '../runtime/owners.ts';
import { watchPods } from '../runtime/pod-source.ts';
import { isPodActive, untilAvailable } from '../runtime/pods.ts';
import { inSlowStartBatches } from '../runtime/slow-start.ts';
import { planReplicas } from './decide.ts';
import { type ReplicaFailure, replicaSetStatus } from './status.ts';

export interface ReplicaSetContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly random: Random;
}

export const replicaSetController = (context: ReplicaSetContext): Controller =>
  replicaController<ReplicaSet>(context, {
    name: 'replicaset',
    resource: resources.replicasets,
    selectorOf: (set) => toSelector(set.spec.selector),
  });

export const replicationController = (context: ReplicaSetContext): Controller =>
  replicaController<ReplicationController>(context, {
    name: 'replicationcontroller',
    resource: resources.replicationcontrollers,
    selectorOf: (controller) => selectorOfLabels(controller.spec.selector),
  });

interface Kind<T extends ReplicaSet | ReplicationController> {
  readonly name: string;
  readonly resource: ResourceOf<T>;
  readonly selectorOf: (set: T) => Selector;
}

function replicaController<T extends ReplicaSet | ReplicationController>(
  context: ReplicaSetContext,
  kind: Kind<T>,
): Controller {
  const { clock } = context;
  const sets = context.informers.informer(kind.resource, { indexes: ownerIndex });
  const pods = context.informers.informer(resources.pods, { indexes: ownerIndex });
  const setClient = context.client.resource(kind.resource);
  const podClient = context.client.resource(resources.pods);
  const expectations = new Expectations(clock);

  function watch(enqueue: (key: string) => void): () => void {
    const unwatchSets = sets.onChange((change) => {
      const key = keyOf(change.object);
      if (change.type === 'removed') expectations.forget(key);
      enqueue(key);
    });
    const unwatchPods = watchPods({ pods, owners: sets, kind: kind.resource.kind, selects, expectations }, enqueue);
    return () => {
      unwatchSets();
      unwatchPods();
    };
  }

  async function reconcile(key: string): Promise<LookAgain | undefined> {
    const { namespace, name } = splitKey(key);
    const set = sets.get(namespace, name);
    if (set === undefined) return undefined;
    const owned = await claimPods(set);
    const failure = expectations.settled(key) ? await manage(key, set, owned) : undefined;
    await writeStatus(set, owned, failure?.failure);
    if (failure !== undefined) throw failure.error;
    return lookWhenAvailable(set, owned);
  }

  const claimPods = (set: T): Promise<Pod[]> =>
    claimChildren(set, { owners: setClient, clients: podClient, children: pods, selects, counts: isPodActive });

  async function manage(
    key: string,
    set: T,
    owned: readonly Pod[],
  ): Promise<{ failure: ReplicaFailure; error: unknown } | undefined> {
    const plan = planReplicas(set, owned, relatedPods(set, owned), clock.now());
    try {
      await inSlowStartBatches(plan.create, () => createPod(key, set));
    } catch (error) {
      return { failure: { reason: 'FailedCreate', message: messageOf(error) }, error };
    }
    try {
      await Promise.all(plan.remove.map((pod) => deletePod(key, set, pod)));
    } catch (error) {
      return { failure: { reason: 'FailedDelete', message: messageOf(error) }, error };
    }
    return undefined;
  }

  /** Active pods of every set with the same controller: a node is crowded by old and new revisions alike. */
  function relatedPods(set: T, owned: readonly Pod[]): readonly Pod[] {
    const owner = controllerOf(set);
    return owner === undefined
      ? owned
      : sets.byIndex('owner', owner.uid).flatMap((sibling) => pods.byIndex('owner', sibling.metadata.uid));
  }

  async function createPod(key: string, set: T): Promise<void> {
    const template = set.spec.template;
    const prefix = `${set.metadata.name}-`;
    const name = `${prefix.slice(0, 58)}${randomSuffix(context.random)}`;
    expectations.expect(key, `create:${name}`);
    try {
      await podClient.create({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name,
          generateName: prefix,
          namespace: set.metadata.namespace ?? '',
          labels: { ...template?.metadata?.labels },
          annotations: { ...template?.metadata?.annotations },
          finalizers: [...(template?.metadata?.finalizers ?? [])],
          ownerReferences: [controllerReference(set)],
        },
        spec: template?.spec ?? { containers: [] },
      });
      context.recorder.event(set, 'Normal', 'SuccessfulCreate', `Created pod: ${name}`);
    } catch (error) {
      expectations.settle(key, `create:${name}`);
      // A namespace that is going refuses everything: nothing to report, nothing to retry soon.
      if (isNamespaceTerminating(error)) return;
      context.recorder.event(set, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`);
      throw error;
    }
  }

  async function deletePod(key: string, set: T, pod: Pod): Promise<void> {
    const token = `delete:${pod.metadata.uid}`;
    expectations.expect(key, token);
    try {
      await podClient.delete(pod.metadata.namespace ?? '', pod.metadata.name, { uid: pod.metadata.uid });
      context.recorder.event(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
    } catch (error) {
      expectations.settle(key, token);
      if (isReason(error, 'NotFound', 'Conflict')) return;
      context.recorder.event(set, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`);
      throw error;
    }
  }

  async function writeStatus(set: T, owned: readonly Pod[], failure: ReplicaFailure | undefined): Promise<void> {
    const status = replicaSetStatus(set, owned, failure, clock.now());
    if (canonicalJson(status) === canonicalJson(set.status ?? {})) return;
    await setClient.updateStatus({ ...set, status }).catch(ignoreGone);
  }

  function lookWhenAvailable(set: T, owned: readonly Pod[]): LookAgain | undefined {
    const waits = owned
      .filter(isPodActive)
      .map((pod) => untilAvailable(pod, set.spec.minReadySeconds ?? 0, clock.now()))
      .filter((wait) => wait !== undefined);
    return waits.length === 0 ? undefined : { afterMs: Math.min(...waits) };
  }

  const selects = (set: T, pod: Pod): boolean => matchesLabels(kind.selectorOf(set), pod.metadata.labels);

  return { name: kind.name, watch, reconcile };
}
