/** The StatefulSet controller: gathers pods, claims and revisions, asks `decide.ts`, creates and deletes. Keyed by set. */
import {
  type Clock,
  type ControllerRevision,
  canonicalJson,
  type Draft,
  isReason,
  matchesLabels,
  type PersistentVolumeClaim,
  type Pod,
  resources,
  type StatefulSet,
  toSelector,
} from '@skiff/api';
import type { Client, EventRecorder, InformerFactory } from '@skiff/client';
import { claimChildren } from '../runtime/claims.ts';
import type { Controller, LookAgain } from '../runtime/controller.ts';
import { ignoreGone, ignoreGoneOrReplaced, isNamespaceTerminating, messageOf } from '../runtime/errors.ts';
import { Expectations } from '../runtime/expectations.ts';
import { forgetRevisions, oldestRevisionFirst, presentRevision, templateOf } from '../runtime/history.ts';
import { keyOf, splitKey } from '../runtime/keys.ts';
import { ownerIndex } from '../runtime/owners.ts';
import { watchPods } from '../runtime/pod-source.ts';
import { isPodFinished, untilAvailable } from '../runtime/pods.ts';
import { planStatefulSet } from './decide.ts';
import { claimOwner, draftClaims, draftPod, ordinalOf, podName, revisionOf, startOf } from './identity.ts';

export interface StatefulSetContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
}

export function statefulSetController({ client, informers, recorder, clock }: StatefulSetContext): Controller {
  const sets = informers.informer(resources.statefulsets);
  const pods = informers.informer(resources.pods, { indexes: ownerIndex });
  const claims = informers.informer(resources.persistentvolumeclaims);
  const revisions = informers.informer(resources.controllerrevisions, { indexes: ownerIndex });
  const setClient = client.resource(resources.statefulsets);
  const podClient = client.resource(resources.pods);
  const claimClient = client.resource(resources.persistentvolumeclaims);
  const expectations = new Expectations(clock);

  function watch(enqueue: (key: string) => void): () => void {
    const undo = [
      sets.onChange((change) => {
        if (change.type === 'removed') expectations.forget(keyOf(change.object));
        enqueue(keyOf(change.object));
      }),
      watchPods({ pods, owners: sets, kind: 'StatefulSet', selects: isMember, expectations }, enqueue),
    ];
    return () => undo.forEach((run) => void run());
  }

  async function reconcile(key: string): Promise<LookAgain | undefined> {
    const { namespace, name } = splitKey(key);
    const set = sets.get(namespace, name);
    if (set === undefined || !expectations.settled(key)) return undefined;
    const owned = await claimPods(set);
    const history = revisions.byIndex('owner', set.metadata.uid);
    const present = await presentRevision(client, 'StatefulSet', set, history);
    if ('collisionCount' in present) {
      const status = { replicas: 0, ...set.status, collisionCount: present.collisionCount };
      await setClient.updateStatus({ ...set, status });
      return undefined;
    }
    const update = present.revision;
    const current = history.find((one) => one.metadata.name === set.status?.currentRevision) ?? update;
    const named = { current: current.metadata.name, update: update.metadata.name };
    const plan = planStatefulSet(set, owned, named, clock.now());
    if (canonicalJson(plan.status) !== canonicalJson(set.status ?? {}))
      await setClient.updateStatus({ ...set, status: plan.status }).catch(ignoreGone);
    await keepClaims(set, owned);
    for (const pod of plan.remove) await remove(key, set, pod);
    for (const { ordinal, revision } of plan.create)
      await create(key, set, ordinal, revision === named.update ? update : current);
    const isUsed = ({ metadata }: ControllerRevision): boolean =>
      Object.values(named).includes(metadata.name) || owned.some((pod) => revisionOf(pod) === metadata.name);
    await forgetRevisions(client, oldestRevisionFirst(history), isUsed, set.spec.revisionHistoryLimit ?? 10);
    return lookWhenAvailable(set, owned);
  }

  const claimPods = (set: StatefulSet): Promise<Pod[]> =>
    claimChildren(set, { owners: setClient, clients: podClient, children: pods, selects: isMember });

  async function create(key: string, set: StatefulSet, ordinal: number, revision: ControllerRevision): Promise<void> {
    const name = podName(set, ordinal);
    const about = `Pod ${name} in StatefulSet ${set.metadata.name}`;
    expectations.expect(key, `create:${name}`);
    try {
      for (const draft of draftClaims(set, ordinal)) await ensureClaim(set, draft, name);
      await podClient.create(draftPod(set, ordinal, templateOf(revision), revision.metadata.name));
      recorder.event(set, 'Normal', 'SuccessfulCreate', `create ${about} successful`);
    } catch (error) {
      expectations.settle(key, `create:${name}`);
      // A former pod of that name is still going: its event brings the set back.
      if (isNamespaceTerminating(error) || isReason(error, 'AlreadyExists')) return;
      recorder.event(set, 'Warning', 'FailedCreate', `create ${about} failed error: ${messageOf(error)}`);
      throw error;
    }
  }

  async function ensureClaim(set: StatefulSet, draft: Draft<PersistentVolumeClaim>, pod: string): Promise<void> {
    const { namespace = '', name = '' } = draft.metadata;
    if (claims.get(namespace, name) !== undefined) return;
    const owner = claimOwner(set, undefined);
    const ownerReferences = owner === undefined ? [] : [referenceTo(owner)];
    try {
      await claimClient.create({ ...draft, metadata: { ...draft.metadata, ownerReferences } });
    } catch (error) {
      if (isReason(error, 'AlreadyExists')) return;
      throw error;
    }
    const message = `create Claim ${name} Pod ${pod} in StatefulSet ${set.metadata.name} success`;
    recorder.event(set, 'Normal', 'SuccessfulCreate', message);
  }

  /** Claims go with the set or with their pod, as the retention policy says: by ownership. */
  async function keepClaims(set: StatefulSet, owned: readonly Pod[]): Promise<void> {
    if (set.metadata.deletionTimestamp !== undefined) return;
    for (const pod of owned) {
      const ordinal = ordinalOf(set, pod.metadata.name) ?? 0;
      const excess = ordinal < startOf(set) || ordinal >= startOf(set) + (set.spec.replicas ?? 1);
      const owner = claimOwner(set, excess ? pod : undefined);
      for (const { metadata } of draftClaims(set, ordinal)) {
        const stored = claims.get(metadata.namespace ?? '', metadata.name ?? '');
        if (stored === undefined) continue;
        const before = stored.metadata.ownerReferences ?? [];
        const others = before.filter((one) => one.kind !== 'StatefulSet' && one.kind !== 'Pod');
        const ownerReferences = owner === undefined ? others : [...others, referenceTo(owner)];
        if (canonicalJson(before) === canonicalJson(ownerReferences)) continue;
        const { uid, resourceVersion } = stored.metadata;
        await claimClient
          .patch(metadata.namespace ?? '', stored.metadata.name, 'merge', {
            metadata: { uid, resourceVersion, ownerReferences },
          })
          .catch(ignoreGone);
      }
    }
  }

  const referenceTo = (owner: StatefulSet | Pod) => ({
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
  });

  async function remove(key: string, set: StatefulSet, pod: Pod): Promise<void> {
    const { namespace = '', name, uid } = pod.metadata;
    const token = `delete:${uid}`;
    const about = `Pod ${name} in StatefulSet ${set.metadata.name}`;
    if (isPodFinished(pod)) {
      const failed = pod.status?.phase === 'Failed';
      const message = `StatefulSet ${namespace}/${set.metadata.name} is recreating ${failed ? 'failed' : 'terminated'} Pod ${name}`;
      recorder.event(
        set,
        failed ? 'Warning' : 'Normal',
        failed ? 'RecreatingFailedPod' : 'RecreatingTerminatedPod',
        message,
      );
    }
    expectations.expect(key, token);
    try {
      await podClient.delete(namespace, name, { uid }).catch(ignoreGoneOrReplaced);
      recorder.event(set, 'Normal', 'SuccessfulDelete', `delete ${about} successful`);
    } catch (error) {
      expectations.settle(key, token);
      recorder.event(set, 'Warning', 'FailedDelete', `delete ${about} failed error: ${messageOf(error)}`);
      throw error;
    }
  }

  function lookWhenAvailable(set: StatefulSet, owned: readonly Pod[]): LookAgain | undefined {
    const waits = owned
      .map((pod) => untilAvailable(pod, set.spec.minReadySeconds ?? 0, clock.now()))
      .filter((wait) => wait !== undefined);
    return waits.length === 0 ? undefined : { afterMs: Math.min(...waits) };
  }

  return { name: 'statefulset', watch, reconcile };
}

const isMember = (set: StatefulSet, pod: Pod): boolean =>
  ordinalOf(set, pod.metadata.name) !== undefined && matchesLabels(toSelector(set.spec.selector), pod.metadata.labels);
