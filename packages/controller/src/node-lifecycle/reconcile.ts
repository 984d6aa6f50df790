/** Judges whether nodes live, and taints them accordingly. Keyed by node. Rules: Kubernetes' node-lifecycle-controller. */
import { type Clock, findCondition, isConditionTrue, type Node, resources } from '@skiff/api';
import type { Client, EventRecorder, InformerFactory } from '@skiff/client';
import type { Controller, LookAgain } from '../runtime/controller.ts';
import { ignoreGoneOrReplaced } from '../runtime/errors.ts';
import { nodeIndex } from '../runtime/pods.ts';
import {
  type Eviction,
  hear,
  isEvictable,
  isEvictedFrom,
  type LastHeard,
  silencedConditions,
  unreadyConditions,
  wantedTaints,
} from './decide.ts';
import { disruption, nextEvictionMs, zoneOf } from './disruption.ts';

export interface NodeLifecycleContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  /** How long a node may be silent before it counts as lost (kube-controller-manager's --node-monitor-grace-period). */
  readonly graceMs: number;
}

/** --node-startup-grace-period: for nodes that never said how they are. */
const startupGraceMs = 60_000;
/** How soon a node that has to wait for its turn asks again. */
const waitMs = 5_000;

export function nodeLifecycleController(context: NodeLifecycleContext): Controller {
  const { clock, client, recorder } = context;
  const nodes = context.informers.informer(resources.nodes);
  const leases = context.informers.informer(resources.leases, { namespace: 'kube-node-lease' });
  const pods = context.informers.informer(resources.pods, { indexes: nodeIndex });
  const lastHeard = new Map<string, LastHeard>();
  const lastEvictionMs = new Map<string, number>();
  let allWereDown = false;

  function watch(enqueue: (key: string) => void): () => void {
    const undo = [
      nodes.onChange((change) => {
        if (change.type === 'removed') forget(change.object);
        enqueue(change.object.metadata.name);
      }),
      leases.onChange((change) => enqueue(change.object.metadata.name)),
    ];
    return () => undo.forEach((run) => void run());
  }

  function forget(node: Node): void {
    const { name } = node.metadata;
    if (lastHeard.delete(name)) tell(node, 'RemovingNode', `Removing Node ${name} from Controller`);
  }

  const tell = (node: Node, reason: string, what: string): void =>
    recorder.event(node, 'Normal', reason, `Node ${node.metadata.name} event: ${what}`);

  async function reconcile(name: string): Promise<LookAgain | undefined> {
    const node = nodes.get('', name);
    if (node === undefined) return undefined;
    if (!lastHeard.has(name)) tell(node, 'RegisteredNode', `Registered Node ${name} in Controller`);
    const nowMs = clock.now();
    const heard = hear(lastHeard.get(name), signOfLife(node), nowMs);
    lastHeard.set(name, heard);
    const leftMs = heard.atMs + graceOf(node) - nowMs;
    const silenced = leftMs <= 0 ? silencedConditions(node, nowMs) : undefined;
    const judged = silenced === undefined ? node : await silence(node, silenced);
    const eviction = evictionOf(judged, nowMs);
    const taints = wantedTaints(judged, eviction, nowMs);
    if (taints !== undefined) {
      await client.resource(resources.nodes).patch('', name, 'merge', {
        metadata: { resourceVersion: judged.metadata.resourceVersion },
        spec: { taints: taints.length === 0 ? null : taints },
      });
      if (eviction === 'put' && !isEvictedFrom(judged)) lastEvictionMs.set(zoneOf(judged), nowMs);
    }
    if (isEvictable(judged)) await markPodsUnready(name);
    const waits = isEvictable(judged) && !isEvictedFrom(judged) && eviction !== 'put';
    return { afterMs: waits ? waitMs : Math.max(leftMs, 1000) };
  }

  const signOfLife = (node: Node): string => {
    const heartbeat = findCondition(node.status?.conditions, 'Ready')?.lastHeartbeatTime;
    return `${leases.get('kube-node-lease', node.metadata.name)?.spec?.renewTime ?? ''} ${heartbeat ?? ''}`;
  };

  const graceOf = (node: Node): number =>
    findCondition(node.status?.conditions, 'Ready') === undefined
      ? Math.max(context.graceMs, startupGraceMs)
      : context.graceMs;

  function evictionOf(node: Node, nowMs: number): Eviction {
    // Nodes that fell silent together are judged together, whichever comes to be looked at first.
    const isUp = (one: Node): boolean => {
      const heard = lastHeard.get(one.metadata.name);
      const now = one.metadata.name === node.metadata.name ? node : one;
      return (
        isConditionTrue(now.status?.conditions, 'Ready') && (heard === undefined || heard.atMs + graceOf(one) > nowMs)
      );
    };
    const state = disruption(nodes.list(), isUp);
    if (allWereDown && !state.total) {
      // Whoever was silent only because nobody could be heard gets a new chance.
      for (const [name, { sign }] of lastHeard) lastHeard.set(name, { sign, atMs: nowMs });
    }
    allWereDown = state.total;
    if (state.total) return 'remove';
    const next = nextEvictionMs(state.rateOf(node), lastEvictionMs.get(zoneOf(node)), nowMs);
    return next !== undefined && next <= nowMs ? 'put' : 'keep';
  }

  async function silence(node: Node, conditions: NonNullable<Node['status']>['conditions'] & object): Promise<Node> {
    if (isConditionTrue(node.status?.conditions, 'Ready'))
      recorder.event(node, 'Normal', 'NodeNotReady', `Node ${node.metadata.name} status is now: NodeNotReady`);
    return client.resource(resources.nodes).updateStatus({ ...node, status: { ...node.status, conditions } });
  }

  async function markPodsUnready(node: string): Promise<void> {
    for (const pod of pods.byIndex('node', node)) {
      const conditions = unreadyConditions(pod, clock.now());
      if (conditions === undefined) continue;
      const marked = await client
        .resource(resources.pods)
        .updateStatus({ ...pod, status: { ...pod.status, conditions } })
        .catch(ignoreGoneOrReplaced);
      if (marked !== undefined) recorder.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
    }
  }

  return { name: 'node-lifecycle', watch, reconcile };
}
