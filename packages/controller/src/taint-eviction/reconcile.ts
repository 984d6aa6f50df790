/** Deletes pods whose node has a NoExecute taint they do not, or no longer, tolerate. Keyed by pod. Rules: Kubernetes' taint-eviction-controller. */
import { type Clock, type Pod, parseTime, resources, setCondition, type Taint } from '@skiff/api';
import type { Client, EventRecorder, InformerFactory } from '@skiff/client';
import { evictionTime } from '../node-lifecycle/decide.ts';
import type { Controller, LookAgain } from '../runtime/controller.ts';
import { ignoreGoneOrReplaced } from '../runtime/errors.ts';
import { keyOf, splitKey } from '../runtime/keys.ts';
import { nodeIndex } from '../runtime/pods.ts';

export interface TaintEvictionContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
}

export function taintEvictionController({ client, informers, recorder, clock }: TaintEvictionContext): Controller {
  const nodes = informers.informer(resources.nodes);
  const pods = informers.informer(resources.pods, { indexes: nodeIndex });
  const podClient = client.resource(resources.pods);
  /** Since when a taint without a time of its own is there, by node and taint. */
  const firstSeenMs = new Map<string, Map<string, number>>();
  /** Pods that are to go at a time. */
  const marked = new Set<string>();

  function watch(enqueue: (key: string) => void): () => void {
    const undo = [
      nodes.onChange(({ type, object }) => {
        const { name } = object.metadata;
        if (type === 'removed') firstSeenMs.delete(name);
        else see(name, object.spec?.taints ?? []);
        for (const pod of pods.byIndex('node', name)) enqueue(keyOf(pod));
      }),
      pods.onChange(({ type, object }) => {
        if (type === 'removed') marked.delete(keyOf(object));
        enqueue(keyOf(object));
      }),
    ];
    return () => undo.forEach((run) => void run());
  }

  const taintKey = (taint: Taint): string => `${taint.key}=${taint.value ?? ''}:${taint.effect}`;

  function see(node: string, taints: readonly Taint[]): void {
    const before = firstSeenMs.get(node);
    const keys = taints.map(taintKey);
    firstSeenMs.set(node, new Map(keys.map((key) => [key, before?.get(key) ?? clock.now()])));
  }

  async function reconcile(key: string): Promise<LookAgain | undefined> {
    const { namespace, name } = splitKey(key);
    const pod = pods.get(namespace, name);
    const node = pod?.spec.nodeName === undefined ? undefined : nodes.get('', pod.spec.nodeName);
    if (pod === undefined || node === undefined || pod.metadata.deletionTimestamp !== undefined) return undefined;
    const nowMs = clock.now();
    const seen = firstSeenMs.get(node.metadata.name);
    const at = evictionTime(
      pod,
      node.spec?.taints ?? [],
      (taint) => parseTime(taint.timeAdded ?? '') ?? seen?.get(taintKey(taint)) ?? nowMs,
    );
    if (at === undefined) {
      if (marked.delete(key))
        recorder.event(pod, 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`);
      return undefined;
    }
    if (at > nowMs) {
      marked.add(key);
      return { afterMs: at - nowMs };
    }
    recorder.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${key}`);
    await evict(pod, nowMs);
    return undefined;
  }

  /** Says why the pod goes, for whoever counts failures (KEP-3329), then deletes it. */
  async function evict(pod: Pod, nowMs: number): Promise<void> {
    const { namespace = '', name, uid } = pod.metadata;
    const conditions = setCondition(
      pod.status?.conditions,
      {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByTaintManager',
        message: 'Taint manager: deleting due to NoExecute taint',
      },
      nowMs,
    );
    await podClient
      .patch(namespace, name, 'merge', { metadata: { uid }, status: { conditions } }, { subresource: 'status' })
      .catch(ignoreGoneOrReplaced);
    await podClient.delete(namespace, name, { uid }).catch(ignoreGoneOrReplaced);
  }

  return { name: 'taint-eviction', watch, reconcile };
}
