/** The DaemonSet controller: one pod on every node where it belongs. Keyed by set. */
import {
  type Clock,
  canonicalJson,
  type DaemonSet,
  matchesLabels,
  type Node,
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
import { forgetRevisions, presentRevision, revisionLabel } from '../runtime/history.ts';
import { keyOf, splitKey } from '../runtime/keys.ts';
import { controllerReference, ownerIndex } from '../runtime/owners.ts';
import { watchPods } from '../runtime/pod-source.ts';
import { isPodFinished, untilAvailable } from '../runtime/pods.ts';
import { inSlowStartBatches } from '../runtime/slow-start.ts';
import { planDaemonSet } from './decide.ts';
import { boundTo, nodeOf } from './placement.ts';

export interface DaemonSetContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly random: Random;
}

const firstRetryMs = 1000;
const maxRetryMs = 15 * 60_000;
const templateGeneration = 'deprecated.daemonset.template.generation';

export function daemonSetController({ client, informers, recorder, clock, random }: DaemonSetContext): Controller {
  const sets = informers.informer(resources.daemonsets);
  const nodes = informers.informer(resources.nodes);
  const pods = informers.informer(resources.pods, { indexes: ownerIndex });
  const revisions = informers.informer(resources.controllerrevisions, { indexes: ownerIndex });
  const setClient = client.resource(resources.daemonsets);
  const podClient = client.resource(resources.pods);
  const expectations = new Expectations(clock);
  /** When a failed pod of a set on a node may be made anew, and how long the next has to wait. */
  const retries = new Map<string, { atMs: number; delayMs: number }>();

  function watch(enqueue: (key: string) => void): () => void {
    const placed = ({ metadata, spec }: Node): string => canonicalJson([metadata.labels ?? {}, spec?.taints ?? []]);
    const undo = [
      sets.onChange((change) => {
        if (change.type === 'removed') expectations.forget(keyOf(change.object));
        enqueue(keyOf(change.object));
      }),
      nodes.onChange((change) => {
        if (change.type === 'updated' && placed(change.object) === placed(change.old)) return;
        for (const set of sets.list()) enqueue(keyOf(set));
      }),
      watchPods({ pods, owners: sets, kind: 'DaemonSet', selects, expectations }, enqueue),
    ];
    return () => undo.forEach((run) => void run());
  }

  async function reconcile(key: string): Promise<LookAgain | undefined> {
    const { namespace, name } = splitKey(key);
    const set = sets.get(namespace, name);
    if (set === undefined || !expectations.settled(key)) return undefined;
    const owned = await claimPods(set);
    const history = revisions.byIndex('owner', set.metadata.uid);
    const present = await presentRevision(client, 'DaemonSet', set, history);
    if ('collisionCount' in present) {
      const zero = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
      const status = { ...zero, ...set.status, collisionCount: present.collisionCount };
      await setClient.updateStatus({ ...set, status });
      return undefined;
    }
    const hash = present.revision.metadata.labels?.['controller.kubernetes.io/hash'] ?? '';
    const plan = planDaemonSet(set, owned, nodes.list(), hash, clock.now());
    if (canonicalJson(plan.status) !== canonicalJson(set.status ?? {}))
      await setClient.updateStatus({ ...set, status: plan.status }).catch(ignoreGone);
    const waits: number[] = [];
    for (const pod of plan.remove) {
      const waitMs = pod.status?.phase === 'Failed' ? retryInMs(set, pod) : 0;
      if (waitMs > 0) waits.push(waitMs);
      else await remove(key, set, pod);
    }
    const left = [...plan.create];
    await inSlowStartBatches(left.length, () => create(key, set, left.shift() ?? '', hash));
    const inUse = new Set([hash, ...owned.map((pod) => pod.metadata.labels?.[revisionLabel])]);
    await forgetRevisions(
      client,
      history,
      ({ metadata }) => inUse.has(metadata.labels?.['controller.kubernetes.io/hash']),
      set.spec.revisionHistoryLimit ?? 10,
    );
    for (const pod of owned) {
      const wait = untilAvailable(pod, set.spec.minReadySeconds ?? 0, clock.now());
      if (wait !== undefined) waits.push(wait);
    }
    return waits.length === 0 ? undefined : { afterMs: Math.min(...waits) };
  }

  /** A node where pods fail is not asked again and again at once. */
  function retryInMs(set: DaemonSet, pod: Pod): number {
    const key = `${set.metadata.uid}/${nodeOf(pod)}`;
    const nowMs = clock.now();
    const before = retries.get(key);
    if (before !== undefined && before.atMs > nowMs) return before.atMs - nowMs;
    const delayMs = before === undefined || nowMs - before.atMs > 2 * maxRetryMs ? firstRetryMs : before.delayMs;
    retries.set(key, { atMs: nowMs + delayMs, delayMs: Math.min(delayMs * 2, maxRetryMs) });
    return 0;
  }

  const claimPods = (set: DaemonSet): Promise<Pod[]> =>
    claimChildren(set, { owners: setClient, clients: podClient, children: pods, selects });

  async function create(key: string, set: DaemonSet, node: string, hash: string): Promise<void> {
    const { metadata, spec = { containers: [] } } = set.spec.template;
    const prefix = `${set.metadata.name}-`;
    const name = `${prefix.slice(0, 58)}${randomSuffix(random)}`;
    const generation = set.metadata.annotations?.[templateGeneration];
    expectations.expect(key, `create:${name}`);
    try {
      await podClient.create({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name,
          generateName: prefix,
          namespace: set.metadata.namespace ?? '',
          labels: {
            ...metadata?.labels,
            [revisionLabel]: hash,
            ...(generation === undefined ? {} : { 'pod-template-generation': generation }),
          },
          annotations: { ...metadata?.annotations },
          finalizers: [...(metadata?.finalizers ?? [])],
          ownerReferences: [controllerReference({ ...set, apiVersion: 'apps/v1', kind: 'DaemonSet' })],
        },
        spec: boundTo(spec, node),
      });
      recorder.event(set, 'Normal', 'SuccessfulCreate', `Created pod: ${name}`);
    } catch (error) {
      expectations.settle(key, `create:${name}`);
      if (isNamespaceTerminating(error)) return;
      recorder.event(set, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`);
      throw error;
    }
  }

  async function remove(key: string, set: DaemonSet, pod: Pod): Promise<void> {
    const { namespace = '', name, uid } = pod.metadata;
    const where = `${namespace}/${name} on node ${nodeOf(pod)}`;
    if (pod.status?.phase === 'Failed')
      recorder.event(set, 'Warning', 'FailedDaemonPod', `Found failed daemon pod ${where}, will try to kill it`);
    else if (isPodFinished(pod))
      recorder.event(set, 'Normal', 'SucceededDaemonPod', `Found succeeded daemon pod ${where}, will try to delete it`);
    const token = `delete:${uid}`;
    expectations.expect(key, token);
    try {
      await podClient.delete(namespace, name, { uid }).catch(ignoreGoneOrReplaced);
      recorder.event(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
    } catch (error) {
      expectations.settle(key, token);
      recorder.event(set, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`);
      throw error;
    }
  }

  return { name: 'daemonset', watch, reconcile };
}

const selects = (set: DaemonSet, pod: Pod): boolean =>
  matchesLabels(toSelector(set.spec.selector), pod.metadata.labels);
