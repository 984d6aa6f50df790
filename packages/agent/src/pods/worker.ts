/**
 * Keeps this node's pods as the API wants them. A key is a pod's uid; for each key: look at what runs, compute status and
 * actions from it, begin the actions. Whatever changes anything puts the key back.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Clock, Logger, Node, Pod } from '@skiff/api';
import type { EventRecorder, Informer, WorkQueue } from '@skiff/client';
import type { Pressure } from '../eviction/thresholds.ts';
import { type ContainerStatus, isRuntimeError, type Runtime } from '../runtime/contract.ts';
import { label, numberLabel } from '../runtime/labels.ts';
import { backoffEvents } from '../status/backoff-events.ts';
import { generateStatus } from '../status/generate.ts';
import type { StatusReporter } from '../status/reporter.ts';
import { terminationFile } from '../volumes/layout.ts';
import { isPayload, type VolumeManager } from '../volumes/manager.ts';
import { podActions } from './actions.ts';
import { admit } from './admit.ts';
import { nextSetbackMs } from './backoff.ts';
import { type Action, type Eviction, type PodFacts, type Setback, type Target, targetOf } from './facts.ts';
import type { PodHealth } from './health.ts';
import { readLastWords } from './last-words.ts';
import { busyOf, PodRecord } from './record.ts';
import { fieldPathOf, findDeclared, isTerminal } from './spec.ts';
import { StepError } from './step-error.ts';
import type { PodTasks } from './tasks.ts';

export interface WorkerDeps {
  readonly pods: Informer<Pod>;
  readonly queue: WorkQueue;
  readonly runtime: Runtime;
  readonly tasks: PodTasks;
  readonly health: PodHealth;
  readonly volumes: VolumeManager;
  readonly reporter: StatusReporter;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly rootDir: string;
  readonly hostIPs: readonly string[];
  readonly pressures: () => ReadonlySet<Pressure>;
  /** The Node as the API has it, and what of it pods may use. */
  readonly node: () => { readonly node: Node; readonly allocatable: Readonly<Record<string, unknown>> } | undefined;
}

/** How often everything is looked at, in case an event was lost. */
const relistMs = 60_000;
const refreshMs = 60_000;
/** A failed pull is called so for this long; then it is a back-off. */
const pullShownMs = 3000;

export class PodWorker {
  readonly #deps: WorkerDeps;
  readonly #records = new Map<string, PodRecord>();

  constructor(deps: WorkerDeps) {
    this.#deps = deps;
  }

  /** The pod of this uid, while this node has anything of it. */
  record(uid: string): PodRecord | undefined {
    return this.#records.get(uid);
  }

  get records(): Iterable<PodRecord> {
    return this.#records.values();
  }

  /** Something that this pod's containers are made of has changed. */
  referenceChanged(uid: string): void {
    const record = this.#records.get(uid);
    if (record === undefined) return;
    for (const target of [...record.setbacks.keys()]) record.setbacks.delete(target);
    void this.#refresh(record);
    this.#deps.queue.add(uid);
  }

  /** Ends a pod for the node's sake; a pod that is gone or has ended is left alone. */
  evict(uid: string, why: Eviction): void {
    const record = this.#records.get(uid);
    if (record === undefined || record.presence !== 'wanted' || isTerminal(record.pod)) return;
    record.evict(why, this.#deps.clock.now());
    this.#deps.events.event(record.pod, 'Warning', why.reason, why.message);
    this.#deps.queue.add(uid);
  }

  touch(uid: string): void {
    if (this.#records.has(uid)) this.#deps.queue.add(uid);
  }

  /** Runs until `signal` aborts; containers are left as they are. */
  async run(signal: AbortSignal): Promise<void> {
    const { pods, queue } = this.#deps;
    await pods.synced(signal);
    const unsubscribe = pods.onChange((change) => {
      if (change.type === 'removed') this.#removed(change.object);
      else this.#seen(change.object);
    });
    await this.#adoptOrphans(signal);
    const relist = this.#every(relistMs, signal, () => this.#relist());
    const refresh = this.#every(refreshMs, signal, () => this.#refreshAll());
    const events = this.#followEvents(signal);
    const stop = (): void => queue.shutDown();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    await Promise.all(Array.from({ length: workers }, () => this.#work()));
    unsubscribe();
    for (const record of this.#records.values()) record.abortAll(signal.reason);
    this.#deps.health.stopAll();
    await Promise.all([relist, refresh, events]);
  }

  async #work(): Promise<void> {
    const { queue, logger } = this.#deps;
    for (;;) {
      const uid = await queue.next();
      if (uid === undefined) return;
      try {
        await this.#reconcile(uid);
        queue.forget(uid);
      } catch (error) {
        const level = isRuntimeError(error, 'unavailable') ? 'debug' : 'error';
        logger[level]({ err: error, podUid: uid }, 'pod not reconciled');
        queue.addRateLimited(uid);
      } finally {
        queue.done(uid);
      }
    }
  }

  #seen(pod: Pod): void {
    const { uid } = pod.metadata;
    const record = this.#records.get(uid) ?? new PodRecord(pod);
    const repaired = saysOther(record.pod, pod);
    record.update(pod, this.#deps.clock.now());
    this.#records.set(uid, record);
    if (repaired) this.referenceChanged(uid);
    else this.#deps.queue.add(uid);
  }

  #removed(pod: Pod): void {
    const record = this.#records.get(pod.metadata.uid);
    if (record === undefined) return;
    record.pod = pod;
    record.vanish(this.#deps.clock.now());
    this.#deps.queue.add(pod.metadata.uid);
  }

  /** Containers and folders of pods that the API no longer has, found once the API's pods are all known. */
  async #adoptOrphans(signal: AbortSignal): Promise<void> {
    const { runtime, volumes, clock, logger } = this.#deps;
    const containers = await retry(() => runtime.list(), clock, signal, logger);
    for (const { pod, labels } of containers) {
      if (!this.#records.has(pod.uid)) this.#orphan(stubPod(pod, numberLabel(labels, label.graceMs, 30_000)));
    }
    for (const uid of await volumes.knownUids()) {
      if (!this.#records.has(uid)) this.#orphan(stubPod({ uid, name: uid, namespace: '' }, 0));
    }
  }

  #orphan(pod: Pod): void {
    const record = new PodRecord(pod);
    record.vanish(this.#deps.clock.now());
    this.#records.set(pod.metadata.uid, record);
    this.#deps.queue.add(pod.metadata.uid);
  }

  async #reconcile(uid: string): Promise<void> {
    const { clock, reporter, hostIPs, queue } = this.#deps;
    const record = this.#records.get(uid);
    if (record === undefined) return;
    // What is under way counts as under way for this whole look, even if it ends meanwhile: the end brings the key back.
    const busy = new Map(record.tasks);
    const containers = await this.#observe(record);
    if (record.admitted === undefined) await this.#admit(record, containers);
    await this.#readLastWords(record, containers);
    const now = clock.now();
    const health = this.#deps.health.of(record, containers, busy);
    const facts: PodFacts = {
      pod: record.pod,
      now,
      presence: record.presence,
      ...(record.stopBy === undefined ? {} : { stopBy: record.stopBy }),
      ...(record.rejection === undefined ? {} : { rejection: record.rejection }),
      ...(record.eviction === undefined ? {} : { eviction: record.eviction }),
      volumes: record.volumes,
      ...(record.network === undefined ? {} : { network: record.network }),
      containers,
      health,
      lastWords: record.lastWords,
      replaced: record.replaced,
      preStopped: record.preStopped,
      setbacks: record.setbacks,
      busy,
      statusReported: true,
    };
    if (record.presence !== 'gone') {
      const previous = reporter.latest(record.pod) ?? record.pod.status;
      const status = generateStatus({ facts, hostIPs, previous });
      for (const { type, reason, message, container } of backoffEvents(record.pod, previous, status))
        this.#deps.events.event(record.pod, type, reason, message, fieldPathOf(record.pod, container));
      reporter.report(record.pod, status);
    }
    const statusReported = record.presence === 'gone' || reporter.hasLanded(uid);
    const plan = podActions({ ...facts, statusReported });
    for (const action of plan.actions) this.#begin(record, action);
    if (plan.wakeAt !== undefined) queue.addAfter(uid, Math.max(1, plan.wakeAt - now));
  }

  async #observe(record: PodRecord): Promise<readonly ContainerStatus[]> {
    const { runtime } = this.#deps;
    const summaries = await runtime.list({ podUid: record.pod.metadata.uid });
    const statuses = await Promise.all(
      summaries.map(({ id }) =>
        runtime.inspect(id).catch((error: unknown) => {
          if (isRuntimeError(error, 'notFound')) return undefined;
          throw error;
        }),
      ),
    );
    return statuses.filter((status) => status !== undefined);
  }

  /** The first look: a pod that runs here already was admitted before; a new one must fit. */
  async #admit(record: PodRecord, containers: readonly ContainerStatus[]): Promise<void> {
    const { pod } = record;
    if (await this.#deps.volumes.exists(pod.metadata.uid)) record.volumes = 'stale';
    for (const { id, state } of containers) if (state === 'running') record.adopted.add(id);
    const known = containers.length > 0 || record.presence !== 'wanted' || isTerminal(pod);
    const facts = this.#deps.node();
    if (!known && facts === undefined) throw new Error('the Node is not known yet');
    record.admitted = true;
    if (known || facts === undefined) return;
    // After the agent's own restart, pods that it has not looked at yet count when it had begun with them before.
    const others = [...this.#records.values()]
      .filter((other) => other !== record && other.presence !== 'gone')
      .filter((other) => other.admitted ?? other.pod.status?.startTime !== undefined)
      .map((other) => other.pod)
      .filter((other) => !isTerminal(other));
    const rejection = admit({ pod, others, pressures: this.#deps.pressures(), ...facts });
    if (rejection === undefined) return;
    record.admitted = false;
    record.rejection = { reason: rejection.reason, message: `Pod was rejected: ${rejection.message}` };
    this.#deps.events.event(pod, 'Warning', rejection.reason, rejection.message);
  }

  async #readLastWords(record: PodRecord, containers: readonly ContainerStatus[]): Promise<void> {
    const { runtime, rootDir } = this.#deps;
    for (const dead of containers) {
      if (dead.role !== 'container' || dead.state !== 'exited' || record.lastWords.has(dead.id)) continue;
      const file = terminationFile(rootDir, record.pod.metadata.uid, dead.name, dead.attempt);
      const declared = findDeclared(record.pod, dead.name)?.spec;
      record.lastWords.set(dead.id, await readLastWords(runtime, file, declared, dead));
    }
  }

  #begin(record: PodRecord, action: Action): void {
    const { uid } = record.pod.metadata;
    const target = targetOf(action);
    const running = record.tasks.get(target);
    if (action.type === 'forget') {
      this.#forget(uid);
      return;
    }
    if (action.type === 'cancel') {
      running?.abort.abort(new Error('the pod is ending'));
      return;
    }
    if (running !== undefined && action.type !== 'killContainer') return;
    // A kill with less patience takes over from the one before.
    running?.abort.abort(new Error('the pod must end sooner'));
    const task = { ...busyOf(action), abort: new AbortController() };
    record.tasks.set(target, task);
    this.#deps.logger.debug(
      { pod: `${record.pod.metadata.namespace}/${record.pod.metadata.name}`, action },
      'pod action',
    );
    void this.#deps.tasks
      .perform(record, action, task.abort.signal)
      .then(
        () => this.#succeeded(record, target),
        (error: unknown) => this.#setBack(record, action, error, task.abort.signal),
      )
      .finally(() => {
        if (record.tasks.get(target) === task) record.tasks.delete(target);
        this.touch(uid);
      });
  }

  #succeeded(record: PodRecord, target: Target): void {
    record.setbacks.delete(target);
    record.setbackMs.delete(target);
  }

  #setBack(record: PodRecord, action: Action, error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    const target = targetOf(action);
    const { clock, logger } = this.#deps;
    const message = error instanceof Error ? error.message : String(error);
    logger.warn(
      { err: error, pod: `${record.pod.metadata.namespace}/${record.pod.metadata.name}`, target },
      'pod action failed',
    );
    const waitMs =
      error instanceof StepError ? nextSetbackMs(record.setbackMs.get(target)) : quickRetryMs(record, target);
    record.setbackMs.set(target, waitMs);
    record.setbacks.set(target, toSetback(record, action, error, message, clock.now(), waitMs));
  }

  #forget(uid: string): void {
    const { reporter, health, queue } = this.#deps;
    health.forget(uid);
    reporter.forget(uid);
    this.#records.delete(uid);
    queue.forget(uid);
  }

  async #followEvents(signal: AbortSignal): Promise<void> {
    for await (const event of this.#deps.runtime.events(signal)) {
      if (event.type === 'resync') this.#relist();
      else this.touch(event.podUid);
    }
  }

  #relist(): void {
    for (const uid of this.#records.keys()) this.#deps.queue.add(uid);
  }

  #refreshAll(): void {
    for (const record of this.#records.values()) void this.#refresh(record);
  }

  async #refresh(record: PodRecord): Promise<void> {
    if (record.volumes !== 'ready' || record.tasks.has('@volumes')) return;
    if (!(record.pod.spec.volumes ?? []).some(isPayload)) return;
    try {
      await this.#deps.tasks.refreshVolumes(record);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#deps.events.event(record.pod, 'Warning', 'FailedMount', message);
    }
  }

  async #every(periodMs: number, signal: AbortSignal, run: () => void): Promise<void> {
    while (!signal.aborted) {
      await this.#deps.clock.sleep(periodMs, signal).catch(() => {});
      if (!signal.aborted) run();
    }
  }
}

/** Pods that are looked at in parallel; the work itself runs beside. */
const workers = 4;

/** True when something that containers and volumes are made of differs: the spec, and what the downward API shows. */
function saysOther(before: Pod, now: Pod): boolean {
  if (before === now) return false;
  const told = ({ metadata: { labels, annotations }, spec }: Pod) => ({ labels, annotations, spec });
  return !isDeepStrictEqual(told(before), told(now));
}

const retryFirstMs = 1000;
const retryMaxMs = 60_000;

/** Faults that are nobody's: the engine, the network or the API server. Tried again soon. */
const quickRetryMs = (record: PodRecord, target: Target): number =>
  Math.min((record.setbackMs.get(target) ?? retryFirstMs / 2) * 2, retryMaxMs);

function toSetback(
  { pod }: PodRecord,
  { type: action }: Action,
  error: unknown,
  message: string,
  now: number,
  waitMs: number,
): Setback {
  const retryAt = now + waitMs;
  if (!(error instanceof StepError)) {
    const reason = (pod.spec.initContainers ?? []).length > 0 ? 'PodInitializing' : 'ContainerCreating';
    return { action, reason, message, retryAt };
  }
  const { reason, later } = error;
  if (later === undefined) return { action, reason, message, retryAt };
  return { action, reason, message, retryAt, becomes: { at: now + pullShownMs, ...later } };
}

async function retry<T>(run: () => Promise<T>, clock: Clock, signal: AbortSignal, logger: Logger): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      signal.throwIfAborted();
      logger.warn({ err: error }, 'the container engine does not answer');
      await clock.sleep(retryFirstMs, signal);
    }
  }
}

/** A pod that only its labels remember. */
function stubPod(of: { namespace: string; name: string; uid: string }, graceMs: number): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...of, resourceVersion: '', creationTimestamp: '' },
    spec: { containers: [], terminationGracePeriodSeconds: Math.ceil(graceMs / 1000) },
  };
}
