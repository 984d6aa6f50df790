/** Two controllers over nodes: one judges whether a node lives and taints it, one moves pods off nodes they do not tolerate. */
import { type Clock, isReason, type Node, type NodeCondition, type Pod, resources } from '@skiff/api';
import type { Client, EventRecorder, InformerFactory } from '@skiff/client';
import type { Controller, LookAgain } from '../runtime/controller.ts';
import { keyOf, splitKey } from '../runtime/keys.ts';
import { evictionTime, hear, type LastHeard, silencedConditions, unreadyConditions, wantedTaints } from './decide.ts';

export interface NodeLifecycleContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  /** How long a node may be silent before it counts as lost (kube-controller-manager's --node-monitor-grace-period). */
  readonly graceMs: number;
}

const nodePods = { indexes: { node: (pod: Pod) => (pod.spec.nodeName === undefined ? [] : [pod.spec.nodeName]) } };

export function nodeLifecycleController(context: NodeLifecycleContext): Controller {
  const { clock, client, recorder } = context;
  const nodes = context.informers.informer(resources.nodes);
  const leases = context.informers.informer(resources.leases, { namespace: 'kube-node-lease' });
  const pods = context.informers.informer(resources.pods, nodePods);
  const lastHeard = new Map<string, LastHeard>();

  function watch(enqueue: (key: string) => void): () => void {
    const undo = [
      nodes.onChange((change) => {
        if (change.type === 'removed') lastHeard.delete(change.object.metadata.name);
        enqueue(change.object.metadata.name);
      }),
      leases.onChange((change) => enqueue(change.object.metadata.name)),
    ];
    return () => undo.forEach((run) => void run());
  }

  async function reconcile(name: string): Promise<LookAgain | undefined> {
    const node = nodes.get('', name);
    if (node === undefined) return undefined;
    const heard = hear(lastHeard.get(name), signOfLife(node), clock.now());
    lastHeard.set(name, heard);
    const silentForMs = clock.now() - heard.atMs;
    const silenced = silentForMs >= context.graceMs ? silencedConditions(node, clock.now()) : undefined;
    const judged = silenced === undefined ? node : await writeConditions(node, silenced);
    const taints = wantedTaints(judged, clock.now());
    if (taints !== undefined) {
      await client.resource(resources.nodes).patch('', name, 'merge', {
        metadata: { resourceVersion: judged.metadata.resourceVersion },
        spec: { taints: taints.length === 0 ? null : taints },
      });
    }
    if (judged.status?.conditions?.find((condition) => condition.type === 'Ready')?.status !== 'True')
      await markPodsUnready(name);
    return { afterMs: Math.max(context.graceMs - silentForMs, 1000) };
  }

  const signOfLife = (node: Node): string => {
    const heartbeat = node.status?.conditions?.find((condition) => condition.type === 'Ready')?.lastHeartbeatTime;
    return `${leases.get('kube-node-lease', node.metadata.name)?.spec?.renewTime ?? ''} ${heartbeat ?? ''}`;
  };

  async function writeConditions(node: Node, conditions: NodeCondition[]): Promise<Node> {
    recorder.event(node, 'Normal', 'NodeNotReady', `Node ${node.metadata.name} status is now: NodeNotReady`);
    return client.resource(resources.nodes).updateStatus({ ...node, status: { ...node.status, conditions } });
  }

  async function markPodsUnready(node: string): Promise<void> {
    for (const pod of pods.byIndex('node', node)) {
      const conditions = unreadyConditions(pod, clock.now());
      if (conditions === undefined) continue;
      await client
        .resource(resources.pods)
        .patch(
          pod.metadata.namespace ?? '',
          pod.metadata.name,
          'merge',
          { metadata: { uid: pod.metadata.uid }, status: { conditions } },
          { subresource: 'status' },
        )
        .catch(ignoreGone);
      recorder.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
    }
  }

  return { name: 'node-lifecycle', watch, reconcile };
}

/** Deletes pods whose node has a NoExecute taint they do not (or no longer) tolerate. Keyed by pod. */
export function taintEvictionController(context: Omit<NodeLifecycleContext, 'graceMs'>): Controller {
  const { clock, client, recorder } = context;
  const nodes = context.informers.informer(resources.nodes);
  const pods = context.informers.informer(resources.pods, nodePods);

  function watch(enqueue: (key: string) => void): () => void {
    const undo = [
      nodes.onChange((change) => {
        for (const pod of pods.byIndex('node', change.object.metadata.name)) enqueue(keyOf(pod));
      }),
      pods.onChange((change) => enqueue(keyOf(change.object))),
    ];
    return () => undo.forEach((run) => void run());
  }

  async function reconcile(key: string): Promise<LookAgain | undefined> {
    const { namespace, name } = splitKey(key);
    const pod = pods.get(namespace, name);
    const node = pod?.spec.nodeName === undefined ? undefined : nodes.get('', pod.spec.nodeName);
    if (pod === undefined || node === undefined || pod.metadata.deletionTimestamp !== undefined) return undefined;
    const at = evictionTime(pod, node);
    if (at === undefined) return undefined;
    const waitMs = at - clock.now();
    if (waitMs > 0) return { afterMs: waitMs };
    recorder.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${key}`);
    await client.resource(resources.pods).delete(namespace, name, { uid: pod.metadata.uid }).catch(ignoreGone);
    return undefined;
  }

  return { name: 'taint-eviction', watch, reconcile };
}

function ignoreGone(error: unknown): undefined {
  if (isReason(error, 'NotFound', 'Conflict')) return undefined;
  throw error;
}
