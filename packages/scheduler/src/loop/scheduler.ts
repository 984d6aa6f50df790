/** The loop, and the only part that writes: take a pod, decide, assume, bind in the background, undo when that fails. */
import {
  type Clock,
  isReason,
  type Logger,
  matchesLabels,
  type Node,
  type Pod,
  type Random,
  resources,
  setCondition,
  toSelector,
} from '@skiff/api';
import type { Client, EventRecorder, InformerFactory } from '@skiff/client';
import { planPreemption } from '../framework/preempt.ts';
import { explain, type Plugins, schedule } from '../framework/schedule.ts';
import type { Refusal, Snapshot } from '../framework/types.ts';
import { filters, scorers } from '../plugins/index.ts';
import { SchedulingQueue } from '../queue/queue.ts';
import { ClusterState, toSnapshot } from '../snapshot/cluster.ts';

export const schedulerName = 'default-scheduler';

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
  await context.informers.synced(signal);
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
    const { pods, nodes } = this.#informers;
    const undo = [
      nodes.onChange((change) => {
        if (change.type === 'removed') this.#cluster.removeNode(change.object.metadata.name);
        else this.#cluster.setNode(change.object);
        if (change.type !== 'updated' || matters(change.old, change.object)) this.#queue.changed();
      }),
      pods.onChange((change) => this.#onPod(change.type, change.object)),
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

  #onPod(type: 'added' | 'updated' | 'removed', pod: Pod): void {
    const { uid } = pod.metadata;
    const bound = (pod.spec.nodeName ?? '') !== '';
    if (type === 'removed') {
      this.#queue.remove(uid);
      this.#cluster.removePod(uid);
      if (bound) this.#queue.changed();
    } else if (bound) {
      this.#queue.remove(uid);
      this.#cluster.setPod(pod);
      // A pod that finished, or came, may make room or company for others.
      this.#queue.changed();
    } else if (isWaiting(pod)) this.#queue.add(pod);
    else this.#queue.remove(uid);
  }

  async #scheduleOne(pod: Pod): Promise<void> {
    const { uid } = pod.metadata;
    if (this.#cluster.isAssumed(uid)) {
      this.#queue.done(uid);
      return;
    }
    const snapshot = this.#snapshot();
    const decision = schedule(snapshot, pod, this.#plugins, this.#context.random());
    if (decision.type === 'unschedulable') {
      await this.#refuse(pod, snapshot, decision.refusals);
      return;
    }
    this.#cluster.assume(pod, decision.node);
    const binding = this.#bind(pod, decision.node).finally(() => this.#binding.delete(binding));
    this.#binding.add(binding);
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
    this.#queue.changed();
    // Gone, or bound by somebody else: the cache will say so.
    if (isReason(error, 'NotFound')) this.#queue.done(pod.metadata.uid);
    else this.#queue.failed(pod.metadata.uid);
    this.#context.logger.warn(
      { err: error, pod: `${pod.metadata.namespace}/${pod.metadata.name}` },
      'binding failed; it will be tried again',
    );
  }

  async #refuse(pod: Pod, snapshot: Snapshot, refusals: ReadonlyMap<string, Refusal>): Promise<void> {
    const { recorder, logger } = this.#context;
    const preemption = planPreemption(snapshot, pod, refusals, this.#plugins.filters, this.#informers.budgets.list());
    const why =
      snapshot.nodes.length === 0
        ? 'no nodes available to schedule pods'
        : explain(snapshot.nodes.length, refusals.values());
    const message = preemption.type === 'none' && snapshot.nodes.length > 0 ? `${why} ${preemption.message}` : why;
    try {
      if (preemption.type === 'candidate') await this.#preempt(pod, preemption.candidate.victims);
      await this.#writeCondition(pod, message, preemption.type === 'candidate' ? preemption.candidate.node : undefined);
      recorder.event(pod, 'Warning', 'FailedScheduling', message);
      this.#queue.unschedulable(pod.metadata.uid);
    } catch (error) {
      if (isReason(error, 'NotFound')) {
        this.#queue.done(pod.metadata.uid);
        return;
      }
      logger.warn(
        { err: error, pod: `${pod.metadata.namespace}/${pod.metadata.name}` },
        'the failure to schedule could not be written; it will be tried again',
      );
      this.#queue.failed(pod.metadata.uid);
    }
  }

  async #preempt(pod: Pod, victims: readonly Pod[]): Promise<void> {
    const pods = this.#context.client.resource(resources.pods);
    for (const victim of victims) {
      if (victim.metadata.deletionTimestamp !== undefined) continue;
      const { namespace = '', name, uid } = victim.metadata;
      const reason = {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'PreemptionByScheduler',
        message: `${schedulerName}: preempting to accommodate a higher priority pod`,
      } as const;
      const conditions = setCondition(victim.status?.conditions ?? [], reason, this.#context.clock.now());
      await pods
        .patch(namespace, name, 'merge', { metadata: { uid }, status: { conditions } }, { subresource: 'status' })
        .catch(ignoreGone);
      await pods.delete(namespace, name, { uid }).catch(ignoreGone);
      this.#context.recorder.event(
        victim,
        'Normal',
        'Preempted',
        `Preempted by pod ${pod.metadata.uid} on node ${victim.spec.nodeName ?? ''}`,
      );
    }
  }

  async #writeCondition(pod: Pod, message: string, nominated: string | undefined): Promise<void> {
    const { namespace = '', name, uid } = pod.metadata;
    const before = pod.status?.conditions?.find((condition) => condition.type === 'PodScheduled');
    const same = before?.status === 'False' && before.reason === 'Unschedulable' && before.message === message;
    if (same && (nominated === undefined || nominated === pod.status?.nominatedNodeName)) return;
    const conditions = setCondition(
      pod.status?.conditions ?? [],
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message },
      this.#context.clock.now(),
    );
    const status = { conditions, ...(nominated === undefined ? {} : { nominatedNodeName: nominated }) };
    await this.#context.client
      .resource(resources.pods)
      .patch(namespace, name, 'merge', { metadata: { uid }, status }, { subresource: 'status' });
  }

  #snapshot(): Snapshot {
    const { namespaces } = this.#informers;
    return toSnapshot(this.#cluster.nodeInfos(), {
      namespaceLabels: (namespace) => namespaces.get('', namespace)?.metadata.labels ?? {},
      spreadSelectors: (pod) => this.#spreadSelectors(pod),
    });
  }

  #spreadSelectors(pod: Pod): ((labels: Readonly<Record<string, string>>) => boolean)[] {
    const namespace = pod.metadata.namespace ?? '';
    const labels = pod.metadata.labels ?? {};
    const { services, replicaSets, statefulSets, replicationControllers } = this.#informers;
    const plain = [...services.list(namespace), ...replicationControllers.list(namespace)]
      .map((one) => one.spec.selector)
      .filter((selector) => selector !== undefined && Object.keys(selector).length > 0);
    const selectors = [
      ...plain.map((matchLabels) => toSelector({ matchLabels: matchLabels ?? {} })),
      ...listOf(replicaSets, namespace),
      ...listOf(statefulSets, namespace),
    ];
    return selectors
      .filter((selector) => matchesLabels(selector, labels))
      .map((selector) => (candidate) => matchesLabels(selector, candidate));
  }
}

interface Selecting {
  list(namespace: string): readonly { readonly spec: { readonly selector?: Parameters<typeof toSelector>[0] } }[];
}

const listOf = (informer: Selecting, namespace: string) =>
  informer.list(namespace).map((one) => toSelector(one.spec.selector));

/** Wants a node from this scheduler, and is not held back by a gate (KEP-3521). */
const isWaiting = (pod: Pod): boolean =>
  (pod.spec.schedulerName ?? schedulerName) === schedulerName &&
  pod.metadata.deletionTimestamp === undefined &&
  (pod.spec.schedulingGates ?? []).length === 0 &&
  pod.status?.phase !== 'Failed' &&
  pod.status?.phase !== 'Succeeded';

/** A heartbeat alone lets nobody in. */
function matters(old: Node, node: Node): boolean {
  const view = ({ spec, metadata, status }: Node): string =>
    JSON.stringify([spec, metadata.labels, status?.allocatable]);
  return view(old) !== view(node);
}

function ignoreGone(error: unknown): undefined {
  if (isReason(error, 'NotFound', 'Conflict')) return undefined;
  throw error;
}
