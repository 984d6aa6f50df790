/** Deletes pods that no agent will ever finish: those bound to a node that is gone. Keyed by pod. Rules: Kubernetes' PodGC. */
import { type Clock, isReason, type Pod, resources, setCondition } from '@skiff/api';
import type { Client, InformerFactory } from '@skiff/client';
import type { Controller, LookAgain } from '../runtime/controller.ts';
import { keyOf, splitKey } from '../runtime/keys.ts';

export interface PodGcContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clock: Clock;
}

/** A node that registers anew gets its pods back when it returns within this time. */
const quarantineMs = 40_000;

export function podGcController({ client, informers, clock }: PodGcContext): Controller {
  const nodes = informers.informer(resources.nodes);
  const pods = informers.informer(resources.pods, {
    indexes: { node: (pod: Pod) => (pod.spec.nodeName === undefined ? [] : [pod.spec.nodeName]) },
  });
  const missingSince = new Map<string, number>();

  function watch(enqueue: (key: string) => void): () => void {
    const undo = [
      nodes.onChange((change) => {
        missingSince.delete(change.object.metadata.name);
        if (change.type === 'removed')
          for (const pod of pods.byIndex('node', change.object.metadata.name)) enqueue(keyOf(pod));
      }),
      pods.onChange((change) => enqueue(keyOf(change.object))),
    ];
    return () => undo.forEach((run) => void run());
  }

  async function reconcile(key: string): Promise<LookAgain | undefined> {
    const { namespace, name } = splitKey(key);
    const pod = pods.get(namespace, name);
    const node = pod?.spec.nodeName ?? '';
    if (pod === undefined || node === '' || nodes.get('', node) !== undefined) return undefined;
    const since = missingSince.get(node) ?? clock.now();
    missingSince.set(node, since);
    const waitMs = since + quarantineMs - clock.now();
    if (waitMs > 0) return { afterMs: waitMs };
    if (await nodeExists(node)) return undefined;
    await forget(pod);
    return undefined;
  }

  async function nodeExists(name: string): Promise<boolean> {
    try {
      await client.resource(resources.nodes).get('', name);
      return true;
    } catch (error) {
      if (isReason(error, 'NotFound')) return false;
      throw error;
    }
  }

  /** Says why the pod failed, for whoever counts failures (KEP-3329), then removes it without waiting for an agent. */
  async function forget(pod: Pod): Promise<void> {
    const { namespace = '', name, uid } = pod.metadata;
    const conditions = setCondition(
      pod.status?.conditions ?? [],
      { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' },
      clock.now(),
    );
    const finished = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    try {
      if (!finished)
        await client
          .resource(resources.pods)
          .patch(
            namespace,
            name,
            'merge',
            { metadata: { uid }, status: { phase: 'Failed', conditions } },
            { subresource: 'status' },
          );
      await client.resource(resources.pods).delete(namespace, name, { uid, gracePeriodSeconds: 0 });
    } catch (error) {
      if (!isReason(error, 'NotFound', 'Conflict')) throw error;
    }
  }

  return { name: 'pod-gc', watch, reconcile };
}
