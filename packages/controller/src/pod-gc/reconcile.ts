/** Deletes pods that no agent will ever finish, and finished ones when there are too many. Keyed by pod; `''` stands for all. */
import { type Clock, isReason, type Pod, resources, setCondition } from '@skiff/api';
import type { Client, InformerFactory } from '@skiff/client';
import type { Controller, LookAgain } from '../runtime/controller.ts';
import { ignoreGoneOrReplaced } from '../runtime/errors.ts';
import { keyOf, splitKey } from '../runtime/keys.ts';
import { isPodFinished, nodeIndex } from '../runtime/pods.ts';
import { fateOf, surplus } from './decide.ts';

export interface PodGcContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clock: Clock;
}

/** A node that registers anew gets its pods back when it returns within this time. */
const quarantineMs = 40_000;
/** How often finished pods are counted. */
const countEveryMs = 20_000;
const allPods = '';

export function podGcController({ client, informers, clock }: PodGcContext): Controller {
  const nodes = informers.informer(resources.nodes);
  const pods = informers.informer(resources.pods, { indexes: nodeIndex });
  const podClient = client.resource(resources.pods);
  const missingSince = new Map<string, number>();

  function watch(enqueue: (key: string) => void): () => void {
    enqueue(allPods);
    const undo = [
      nodes.onChange(({ object }) => {
        missingSince.delete(object.metadata.name);
        for (const pod of pods.byIndex('node', object.metadata.name)) enqueue(keyOf(pod));
      }),
      pods.onChange((change) => enqueue(keyOf(change.object))),
    ];
    return () => undo.forEach((run) => void run());
  }

  async function reconcile(key: string): Promise<LookAgain | undefined> {
    if (key === allPods) {
      for (const pod of surplus(pods.list())) await remove(pod);
      return { afterMs: countEveryMs };
    }
    const { namespace, name } = splitKey(key);
    const pod = pods.get(namespace, name);
    if (pod === undefined) return undefined;
    const node = pod.spec.nodeName ?? '';
    const fate = fateOf(pod, nodes.get('', node));
    if (fate.do === 'force') await forget(pod, fate.message);
    if (fate.do !== 'orphaned') return undefined;
    const since = missingSince.get(node) ?? clock.now();
    missingSince.set(node, since);
    const waitMs = since + quarantineMs - clock.now();
    if (waitMs > 0) return { afterMs: waitMs };
    if (!(await nodeExists(node))) await forget(pod, 'PodGC: node no longer exists');
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

  /** Says that, and why, the pod failed, for whoever counts failures (KEP-3329), then removes it without waiting for an agent. */
  async function forget(pod: Pod, message: string | undefined): Promise<void> {
    const { namespace = '', name, uid } = pod.metadata;
    const reason = 'DeletionByPodGC';
    const conditions =
      message === undefined
        ? {}
        : {
            conditions: setCondition(
              pod.status?.conditions,
              { type: 'DisruptionTarget', status: 'True', reason, message },
              clock.now(),
            ),
          };
    const status = { phase: 'Failed', ...conditions };
    if (!isPodFinished(pod))
      await podClient
        .patch(namespace, name, 'merge', { metadata: { uid }, status }, { subresource: 'status' })
        .catch(ignoreGoneOrReplaced);
    await remove(pod);
  }

  async function remove({ metadata }: Pod): Promise<void> {
    const { namespace = '', name, uid } = metadata;
    await podClient.delete(namespace, name, { uid, gracePeriodSeconds: 0 }).catch(ignoreGoneOrReplaced);
  }

  return { name: 'pod-gc', watch, reconcile };
}
