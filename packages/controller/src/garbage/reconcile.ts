/** The garbage collector: keyed by uid, over every kind that can be listed and deleted. */
import { type ApiObject, apiVersionOf, isReason, type OwnerReference, parseApiVersion } from '@skiff/api';
import type { Client, EventRecorder } from '@skiff/client';
import type { Catalog } from '../catalog.ts';
import type { AnyKind } from '../kinds.ts';
import type { Controller, LookAgain } from '../runtime/controller.ts';
import { ignoreGone } from '../runtime/errors.ts';
import { foregroundFinalizer, isNamedBy, isWaiting, judge, type OwnerState, orphanFinalizer } from './decide.ts';
import { type Known, OwnerGraph, sameRelations, toKnown } from './graph.ts';

export interface GarbageContext {
  readonly client: Client;
  readonly recorder: EventRecorder;
  readonly catalog: Catalog;
}

export function garbageController({ client, recorder, catalog }: GarbageContext): Controller {
  const graph = new OwnerGraph();
  let look: (uid: string) => void = () => undefined;

  function watch(enqueue: (key: string) => void): () => void {
    look = enqueue;
    return catalog.follow((kind, objects) => {
      const unwatch = objects.onChange(({ type, object }) => (type === 'removed' ? forget(object) : see(kind, object)));
      return () => {
        unwatch();
        for (const object of objects.list()) forget(object);
      };
    });
  }

  function see(kind: AnyKind, object: ApiObject): void {
    const known = toKnown(kind, object);
    const before = graph.get(known.uid);
    // Most changes are of spec and status, and change nothing here.
    if (before !== undefined && sameRelations(before, known)) return;
    graph.put(known);
    if (known.deleting || known.owners.length > 0) look(known.uid);
    if (isWaiting(known)) for (const dependent of graph.dependentsOf(known.uid)) look(dependent.uid);
    lookAtWaiting([...known.owners, ...(before?.owners ?? [])]);
  }

  function forget(object: ApiObject): void {
    const { uid, ownerReferences = [] } = object.metadata;
    const dependents = graph.dependentsOf(uid);
    graph.remove(uid);
    for (const dependent of dependents) look(dependent.uid);
    lookAtWaiting(ownerReferences);
  }

  /** An owner that waits for its dependents looks again whenever one changes or goes. */
  function lookAtWaiting(owners: readonly OwnerReference[]): void {
    for (const { uid } of owners) {
      const owner = graph.get(uid);
      if (owner !== undefined && isWaiting(owner)) look(uid);
    }
  }

  async function reconcile(uid: string): Promise<LookAgain | undefined> {
    // Who does not know all dependents yet would let an owner go too early.
    if (!catalog.synced) return { afterMs: 500 };
    const known = graph.get(uid);
    if (known === undefined) return undefined;
    const owners = await Promise.all(
      known.owners.map(async (reference) => ({ reference, state: await stateOf(known, reference) })),
    );
    const dependents = graph.dependentsOf(uid);
    const verdict = judge(known, owners, dependents);
    if (verdict.do === 'nothing') return undefined;
    if (verdict.do === 'orphan-dependents') {
      for (const dependent of dependents) await dropReferences(dependent, [uid]);
      await removeFinalizer(known, orphanFinalizer);
    } else if (verdict.do === 'wait-for-dependents') {
      if (verdict.blocking.length === 0) await removeFinalizer(known, foregroundFinalizer);
      for (const dependent of verdict.blocking) if (!isWaiting(dependent)) look(dependent.uid);
    } else if (verdict.do === 'drop-references') {
      await dropReferences(known, verdict.uids);
    } else {
      if (verdict.unblock) await unblock(known);
      await remove(known, verdict.policy);
    }
    return undefined;
  }

  /** The graph may lag: an owner it does not hold is asked for before it counts as gone. */
  async function stateOf(dependent: Known, reference: OwnerReference): Promise<OwnerState> {
    const known = graph.get(reference.uid);
    if (known !== undefined && isNamedBy(known, reference, dependent)) return isWaiting(known) ? 'waiting' : 'solid';
    const group = parseApiVersion(reference.apiVersion)?.group ?? '';
    const kind = catalog.list().find((one) => one.group === group && one.kind === reference.kind);
    // A kind that is not served: nobody can tell whether the owner lives, so nothing is deleted for it.
    if (kind === undefined) return 'solid';
    if (
      kind.namespaced &&
      (dependent.namespace === '' || (known !== undefined && known.namespace !== dependent.namespace))
    )
      warnOfNamespace(dependent, reference);
    if (kind.namespaced && dependent.namespace === '') return 'solid';
    try {
      const owner = await client.resource(kind).get(kind.namespaced ? dependent.namespace : '', reference.name);
      return owner.metadata.uid === reference.uid ? 'solid' : 'absent';
    } catch (error) {
      if (isReason(error, 'NotFound')) return 'absent';
      throw error;
    }
  }

  function warnOfNamespace(dependent: Known, { apiVersion, kind, name, uid }: OwnerReference): void {
    const { namespace } = dependent;
    const about: ApiObject = {
      apiVersion: apiVersionOf(dependent.resource),
      kind: dependent.resource.kind,
      metadata: { name: dependent.name, namespace, uid: dependent.uid, resourceVersion: '', creationTimestamp: '' },
    };
    const owner = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`;
    const message = `ownerRef ${owner} does not exist in namespace ${JSON.stringify(namespace)}`;
    recorder.event(about, 'Warning', 'OwnerRefInvalidNamespace', message);
  }

  /** Deletes what the graph judged, unless its owners have changed since. */
  async function remove(known: Known, policy: 'Background' | 'Foreground' | 'Orphan'): Promise<void> {
    const fresh = await read(known);
    if (fresh === undefined) return;
    const uids = (owners: readonly OwnerReference[]): string => owners.map((owner) => owner.uid).join();
    if (uids(fresh.metadata.ownerReferences ?? []) !== uids(known.owners)) return;
    await client
      .resource(known.resource)
      .delete(known.namespace, known.name, {
        uid: known.uid,
        resourceVersion: fresh.metadata.resourceVersion,
        propagationPolicy: policy,
      })
      .catch(ignoreGone);
  }

  async function unblock(known: Known): Promise<void> {
    const fresh = await read(known);
    if (fresh === undefined) return;
    const owners = fresh.metadata.ownerReferences ?? [];
    const ownerReferences = owners.map((owner) => ({ ...owner, blockOwnerDeletion: false }));
    await patchMetadata(known, { resourceVersion: fresh.metadata.resourceVersion, ownerReferences });
  }

  async function dropReferences(known: Known, uids: readonly string[]): Promise<void> {
    const fresh = await read(known);
    if (fresh === undefined) return;
    const ownerReferences = (fresh.metadata.ownerReferences ?? []).filter((owner) => !uids.includes(owner.uid));
    await patchMetadata(known, { resourceVersion: fresh.metadata.resourceVersion, ownerReferences });
  }

  async function removeFinalizer(known: Known, finalizer: string): Promise<void> {
    const fresh = await read(known);
    if (fresh === undefined) return;
    const finalizers = (fresh.metadata.finalizers ?? []).filter((one) => one !== finalizer);
    await patchMetadata(known, { resourceVersion: fresh.metadata.resourceVersion, finalizers });
  }

  async function patchMetadata(known: Known, metadata: object): Promise<void> {
    await client.resource(known.resource).patch(known.namespace, known.name, 'merge', { metadata }).catch(ignoreGone);
  }

  async function read(known: Known): Promise<ApiObject | undefined> {
    try {
      const fresh = await client.resource(known.resource).get(known.namespace, known.name);
      return fresh.metadata.uid === known.uid ? fresh : undefined;
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  return { name: 'garbage-collector', watch, reconcile, workers: 10 };
}
