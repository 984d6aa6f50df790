/** The loop, and the only part that writes: take a pod, decide, assume, bind in the background, undo when that fails. */
import {
  type Clock,
  deepEqual,
  isReason,
  type Logger,
  type Pod,
  type Random,
  resources,
  setCondition,
} from '@skiff/api';
import type { Change, Client, EventRecorder, InformerFactory } from '@skiff/client';
import { planPreemption } from '../framework/preempt.ts';
import { priorityOf } from '../framework/priority.ts';
import { explain, type Plugins, schedule } from '../framework/schedule.ts';
import type { Refusal, Snapshot } from '../framework/types.ts';
import { filters, scorers } from '../plugins/index.ts';
import { SchedulingQueue } from '../queue/queue.ts';
import { ClusterState, toSnapshot } from '../snapshot/cluster.ts';
import {
  asksForNeighbours,
  isBound,
  isWaiting,
  makesRoom,
  mayFitNow,
  nodeMatters,
  schedulerName,
  wantsCompany,
} from './changes.ts';
import { spreadSelectors } from './spread.ts';

export interface LoopContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Schedules until the signal aborts and every binding under way has ended. */
export async function runLoop(context: LoopContext, signal: AbortSignal): Promise<void> {
  const scheduler = new Scheduler(context);
  try {
    await context.informers.synced(signal);
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  const stop = scheduler.watch();
  const close = (): void => scheduler.close();
  if (signal.aborted) close();
  else signal.addEventListener('abort', close, { once: true });
  await scheduler.run();
  stop();
}

class Scheduler {
  readonly #context: LoopContext;
  readonly #queue: SchedulingQueue;
  readonly #cluster = new ClusterState();
  readonly #plugins: Plugins = { filters, scorers };
  readonly #binding = new Set<Promise<void>>();
  /** Pods for which preemption made room, as they were last seen or written. */
  readonly #nominated = new Map<string, Pod>();
  readonly #informers;

  constructor(context: LoopContext) {
    this.#context = context;
    this.#queue = new SchedulingQueue(context.clock);
    const { informers } = context;
    this.#informers = {
      pods: informers.informer(resources.pods),
      nodes: informers.informer(resources.nodes),
      namespaces: informers.informer(resources.namespaces),
      services: informers.informer(resources.services),
      replicaSets: informers.informer(resources.replicasets),
      statefulSets: informers.informer(resources.statefulsets),
      replicationControllers: informers.informer(resources.replicationcontrollers),
      budgets: informers.informer(resources.poddisruptionbudgets),
    };
  }

  watch(): () => void {
    const { pods, nodes, namespaces } = this.#informers;
    const undo = [
      nodes.onChange((change) => {
        if (change.type === 'removed') this.#cluster.removeNode(change.object.metadata.name);
        else this.#cluster.setNode(change.object);
        if (change.type !== 'updated' || nodeMatters(change.old, change.object)) this.#queue.changed();
      }),
      pods.onChange((change) => this.#onPod(change)),
      namespaces.onChange(({ object, old }) => {
        if (!deepEqual(object.metadata.labels, old?.metadata.labels)) this.#queue.changed(asksForNeighbours);
      }),
    ];
    return () => undo.forEach((run) => void run());
  }

  close(): void {
    this.#queue.close();
  }

  async run(): Promise<void> {
    for (let pod = await this.#queue.next(); pod !== undefined; pod = await this.#queue.next())
      await this.#scheduleOne(pod);
    await Promise.all(this.#binding);
  }

  #onPod({ type, object: pod, old }: Change<Pod>): void {
    const { uid } = pod.metadata;
    const bound = isBound(pod);
    if (type === 'removed' || bound || !pod.status?.nominatedNodeName) this.#nominated.delete(uid);
    else this.#nominated.set(uid, pod);
    if (type === 'removed') {
      this.#queue.remove(uid);
      this.#cluster.removePod(uid);
      // A pod that never had a node may have had one kept free for it.
      if (bound || pod.status?.nominatedNodeName) this.#queue.changed();
    } else if (bound) {
      this.#queue.remove(uid);
      this.#cluster.setPod(pod);
      if (old === undefined || !isBound(old)) this.#queue.changed(wantsCompany);
      else if (makesRoom(old, pod)) this.#queue.changed();
    } else if (!isWaiting(pod)) this.#queue.remove(uid);
    else if (old === undefined || !isWaiting(old) || mayFitNow(old, pod)) this.#queue.add(pod);
    else this.#queue.refresh(pod);
  }

  async #scheduleOne(pod: Pod): Promise<void> {
    const { uid } = pod.metadata;
    if (this.#cluster.isAssumed(uid)) {
      this.#queue.done(uid);
      return;
    }
    try {
      const snapshot = this.#snapshot();
      const decision = schedule(snapshot, pod, this.#plugins, this.#context.random());
      if (decision.type === 'unschedulable') await this.#refuse(pod, snapshot, decision.refusals);
      else this.#place(pod, decision.node);
    } catch (error) {
      this.#giveUp(pod, error, 'the pod could not be judged; it will be tried again');
    }
  }

  #place(pod: Pod, node: string): void {
    this.#cluster.assume(pod, node);
    this.#nominated.delete(pod.metadata.uid);
    const binding = this.#bind(pod, node).finally(() => this.#binding.delete(binding));
    this.#binding.add(binding);
  }

  /** This try came to nothing: again later, unless the pod is gone. */
  #giveUp(pod: Pod, error: unknown, message: string): void {
    if (isReason(error, 'NotFound')) {
      this.#queue.done(pod.metadata.uid);
      return;
    }
    this.#context.logger.warn({ err: error, pod: `${pod.metadata.namespace}/${pod.metadata.name}` }, message);
    this.#queue.failed(pod.metadata.uid);
  }

  async #bind(pod: Pod, node: string): Promise<void> {
    const { namespace = '', name, uid } = pod.metadata;
    try {
      await this.#context.client.resource(resources.pods).createSubresource(namespace, name, 'binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace, uid },
        target: { apiVersion: 'v1', kind: 'Node', name: node },
      });
      this.#queue.done(uid);
      this.#context.recorder.event(pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node}`);
    } catch (error) {
      this.#undo(pod, error);
    }
  }

  /** The one place where a placement is taken back. */
  #undo(pod: Pod, error: unknown): void {
    this.#cluster.forget(pod.metadata.uid);
    if (pod.status?.nominatedNodeName) this.#nominated.set(pod.metadata.uid, pod);
    this.#queue.changed();
    this.#giveUp(pod, error, 'binding failed; it will be tried again');
  }

  async #refuse(pod: Pod, snapshot: Snapshot, refusals: ReadonlyMap<string, Refusal>): Promise<void> {
    const total = snapshot.nodes.length;
    const preemption = planPreemption(snapshot, pod, refusals, this.#plugins.filters, this.#informers.budgets.list());
    const why = total === 0 ? 'no nodes available to schedule pods' : explain(total, refusals.values());
    const message = preemption.type === 'candidate' || total === 0 ? why : `${why} ${preemption.message}`;
    if (preemption.type === 'candidate') {
      const { node, victims } = preemption.candidate;
      // From now on, and not only when the API server has told us: nobody else may take the room that is made.
      this.#nominated.set(pod.metadata.uid, nominatedTo(pod, node));
      await this.#preempt(pod, node, victims);
      await this.#writeCondition(pod, message, node);
    } else {
      if (preemption.type === 'none') this.#nominated.delete(pod.metadata.uid);
      await this.#writeCondition(pod, message, preemption.type === 'none' ? '' : pod.status?.nominatedNodeName);
    }
    this.#context.recorder.event(pod, 'Warning', 'FailedScheduling', message);
    this.#queue.unschedulable(pod.metadata.uid);
  }

  async #preempt(pod: Pod, node: string, victims: readonly Pod[]): Promise<void> {
    const pods = this.#context.client.resource(resources.pods);
    for (const victim of victims) {
      if (victim.metadata.deletionTimestamp !== undefined) continue;
      const { namespace = '', name, uid } = victim.metadata;
      const reason = {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'PreemptionByScheduler',
        message: `${pod.spec.schedulerName ?? schedulerName}: preempting to accommodate a higher priority pod`,
      } as const;
      await this.#writeStatus(victim, conditionOf(victim, reason, this.#context.clock.now())).catch(ignoreGone);
      await pods.delete(namespace, name, { uid }).catch(ignoreGone);
      this.#context.recorder.event(
        victim,
        'Normal',
        'Preempted',
        `Preempted by pod ${pod.metadata.uid} on node ${node}`,
      );
    }
    await this.#unsettle(pod, node);
  }

  /** Less important pods that were promised room on the node look for another. */
  async #unsettle(pod: Pod, node: string): Promise<void> {
    for (const other of [...this.#nominated.values()]) {
      if (other.status?.nominatedNodeName !== node || priorityOf(other) >= priorityOf(pod)) continue;
      this.#nominated.delete(other.metadata.uid);
      await this.#writeStatus(other, { nominatedNodeName: null }).catch(ignoreGone);
    }
  }

  /** `nominated`: the node kept for the pod, '' for none any longer. */
  async #writeCondition(pod: Pod, message: string, nominated = ''): Promise<void> {
    const before = pod.status?.conditions?.find((condition) => condition.type === 'PodScheduled');
    const same = before?.status === 'False' && before.reason === 'Unschedulable' && before.message === message;
    if (same && nominated === (pod.status?.nominatedNodeName ?? '')) return;
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message } as const;
    await this.#writeStatus(pod, {
      ...conditionOf(pod, condition, this.#context.clock.now()),
      nominatedNodeName: nominated === '' ? null : nominated,
    });
  }

  /** Merged by condition type, so that what the node's agent writes at the same time stays. */
  async #writeStatus(pod: Pod, status: object): Promise<void> {
    const { namespace = '', name, uid } = pod.metadata;
    await this.#context.client
      .resource(resources.pods)
      .patch(namespace, name, 'strategic', { metadata: { uid }, status }, { subresource: 'status' });
  }

  #snapshot(): Snapshot {
    const { namespaces } = this.#informers;
    return toSnapshot(this.#cluster.nodeInfos(), {
      namespaceLabels: (namespace) => namespaces.get('', namespace)?.metadata.labels ?? {},
      spreadSelectors: (pod) => spreadSelectors(this.#informers, pod),
      nominated: [...this.#nominated.values()],
    });
  }
}

const nominatedTo = (pod: Pod, nominatedNodeName: string): Pod => ({
  ...pod,
  status: { ...pod.status, nominatedNodeName },
});

const conditionOf = (pod: Pod, condition: Parameters<typeof setCondition>[1], nowMs: number) => ({
  conditions: setCondition(pod.status?.conditions, condition, nowMs).filter(({ type }) => type === condition.type),
});

function ignoreGone(error: unknown): undefined {
  if (isReason(error, 'NotFound', 'Conflict')) return undefined;
  throw error;
}
