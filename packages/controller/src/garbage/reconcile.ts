/** The garbage collector: keyed by uid, over every kind that can be listed and deleted. */
import { type ApiObject, isReason, type OwnerReference } from '@skiff/api';
import type { Client, InformerFactory, ResourceOf } from '@skiff/client';
import type { Controller } from '../runtime/controller.ts';
import { foregroundFinalizer, judge, type OwnerState, orphanFinalizer } from './decide.ts';
import { type Known, OwnerGraph, toKnown } from './graph.ts';

export interface GarbageContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  /** Every kind whose objects can own or be owned. */
  readonly kinds: readonly (ResourceOf<ApiObject> & { readonly apiVersion: string })[];
}

export function garbageController({ client, informers, kinds }: GarbageContext): Controller {
  const graph = new OwnerGraph();
  const byKind = new Map(kinds.map((kind) => [`${kind.apiVersion}/${kind.kind}`, kind]));

  function watch(enqueue: (key: string) => void): () => void {
    const undo = kinds.map((kind) =>
      informers.informer(kind).onChange((change) => {
        const object = change.object;
        if (change.type === 'removed') {
          const dependents = graph.dependentsOf(object.metadata.uid);
          graph.remove(object.metadata.uid);
          for (const dependent of dependents) enqueue(dependent.uid);
        } else {
          graph.put(toKnown(kind, object));
          if (needsLook(object)) enqueue(object.metadata.uid);
        }
        // An owner that waits for its dependents looks again whenever one changes or goes.
        for (const owner of object.metadata.ownerReferences ?? []) {
          if (graph.get(owner.uid)?.finalizers.includes(foregroundFinalizer)) enqueue(owner.uid);
        }
      }),
    );
    return () => undo.forEach((run) => void run());
  }

  const needsLook = (object: ApiObject): boolean =>
    object.metadata.deletionTimestamp !== undefined || (object.metadata.ownerReferences ?? []).length > 0;

  async function reconcile(uid: string): Promise<undefined> {
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
    } else if (verdict.do === 'delete-dependents') {
      for (const dependent of dependents)
        if (!dependent.deleting) await remove(dependent, dependent.owners.length > 0 ? 'Background' : 'Orphan', uid);
      if (!verdict.blocked) await removeFinalizer(known, foregroundFinalizer);
    } else if (verdict.do === 'drop-references') {
      await dropReferences(known, verdict.uids);
    } else {
      await remove(known, verdict.policy, undefined);
    }
    return undefined;
  }

  /** The graph may lag: an owner it does not hold is asked for before it counts as gone. */
  async function stateOf(dependent: Known, reference: OwnerReference): Promise<OwnerState> {
    const known = graph.get(reference.uid);
    if (known !== undefined)
      return known.deleting && known.finalizers.includes(foregroundFinalizer) ? 'waiting' : 'solid';
    const kind = byKind.get(`${reference.apiVersion}/${reference.kind}`);
    // A kind that is not served: nobody can tell whether the owner lives, so nothing is deleted for it.
    if (kind === undefined) return 'solid';
    if (kind.namespaced && dependent.namespace === '') return 'solid';
    try {
      const owner = await client.resource(kind).get(kind.namespaced ? dependent.namespace : '', reference.name);
      return owner.metadata.uid === reference.uid ? 'solid' : 'absent';
    } catch (error) {
      if (isReason(error, 'NotFound')) return 'absent';
      throw error;
    }
  }

  /** Deletes what the cache judged, unless its owners have changed since (`forOwner`: unless that owner is no owner any more). */
  async function remove(
    known: Known,
    policy: 'Background' | 'Foreground' | 'Orphan',
    forOwner: string | undefined,
  ): Promise<void> {
    const fresh = await read(known);
    if (fresh === undefined) return;
    const owners = fresh.metadata.ownerReferences ?? [];
    if (forOwner !== undefined && !owners.some((owner) => owner.uid === forOwner)) return;
    if (
      forOwner === undefined &&
      owners.map((owner) => owner.uid).join() !== known.owners.map((owner) => owner.uid).join()
    )
      return;
    // An object that another owner still wants only loses the reference.
    if (forOwner !== undefined && owners.length > 1) return dropReferences(known, [forOwner]);
    await client
      .resource(known.resource)
      .delete(known.namespace, known.name, {
        uid: known.uid,
        resourceVersion: fresh.metadata.resourceVersion,
        propagationPolicy: policy,
      })
      .catch(ignoreGone);
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
    await client
      .resource(known.resource)
      .patch(known.namespace, known.name, 'merge', { metadata })
      .catch((error: unknown) => {
        if (!isReason(error, 'NotFound')) throw error;
      });
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

function ignoreGone(error: unknown): void {
  if (!isReason(error, 'NotFound')) throw error;
}
