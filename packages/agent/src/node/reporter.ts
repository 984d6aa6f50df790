/** Keeps the Node's status true: at once when Ready changes, soon when anything else does, and now and then as a heartbeat. */
import { isDeepStrictEqual } from 'node:util';
import { type Clock, findCondition, type Logger, type Node, type NodeStatus, resources } from '@skiff/api';
import type { Client } from '@skiff/client';
import type { Pressure, Thresholds } from '../eviction/thresholds.ts';
import type { Image } from '../runtime/contract.ts';
import { conditionNews } from './conditions.ts';
import { type HostFacts, nodeStatus } from './status.ts';

/** What was seen of the host at one moment. */
export interface HostSight {
  readonly host: HostFacts;
  readonly images: readonly Image[];
}

export interface NodeReporterDeps {
  readonly client: Client;
  /** Asks the engine and the host. Throws when the engine does not answer. */
  readonly readHost: () => Promise<HostSight>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodeName: string;
  readonly nodeIP: string;
  readonly maxPods: number;
  /** The Node as the informer has it. */
  readonly node: () => Node | undefined;
  /** Why pods would get no network; undefined when they would. Cheap: it is asked often. */
  readonly networkFault: () => string | undefined;
  /** How often the cheap signs are looked at once the node is Ready. */
  readonly tickMs: number;
  readonly pressures: () => ReadonlySet<Pressure>;
  readonly thresholds: Thresholds;
  /** Hears the reasons of kubelet's events, `NodeHasDiskPressure` and the like, once the API server knows of what happened. */
  readonly tell: (reason: string) => void;
}

/** kubelet's nodeStatusUpdateFrequency and nodeStatusReportFrequency. */
const lookEveryMs = 10_000;
const reportEveryMs = 300_000;
/** How often an engine that does not answer is asked again. */
const lookAgainMs = 1000;
/** kubelet calls the engine down when it has not answered for this long. */
const runtimePatienceMs = 30_000;
/** A node that was Ready stays so while its agent starts again, unless that takes longer than this. */
const startPatienceMs = 30_000;
/** How often the cheap signs are looked at before the node is Ready. */
const tickStartingMs = 100;
/** For how long nothing is sent after a status was refused. */
const sendAgainMs = 1000;

export class NodeReporter {
  readonly #deps: NodeReporterDeps;
  #sight: HostSight;
  #answeredAt: number;
  /** Set while the engine does not answer. */
  #runtimeError: string | undefined;
  #posted: { readonly node: Node; readonly at: number } | undefined;

  /** `sight` as read just now. */
  constructor(deps: NodeReporterDeps, sight: HostSight) {
    this.#deps = deps;
    this.#sight = sight;
    this.#answeredAt = deps.clock.now();
  }

  /** The status of this moment; conditions continue those of `before`. */
  compute(before: NodeStatus | undefined): NodeStatus {
    const { clock, nodeName, nodeIP, maxPods, networkFault, pressures, thresholds } = this.#deps;
    return nodeStatus({
      ...{ nodeName, nodeIP, maxPods, thresholds, before },
      pressures: pressures(),
      ...this.#sight,
      runtimeFault: this.#runtimeFault(),
      networkFault: networkFault(),
      nowMs: clock.now(),
    });
  }

  /**
   * Until the signal aborts. `registered` is asked each time: a Node that was made anew knows nothing yet. `onReady` is called
   * each time the API server has learnt that the node is Ready again.
   */
  async run(registered: () => Node, onReady: () => void, signal: AbortSignal): Promise<void> {
    const { clock, tickMs, tell } = this.#deps;
    const startedAt = clock.now();
    let lookedAt = startedAt;
    let wasReady = false;
    let faults: string | undefined;
    let wasUnschedulable = isUnschedulable(registered());
    while (!signal.aborted) {
      const isDue = clock.now() - lookedAt >= (this.#runtimeError === undefined ? lookEveryMs : lookAgainMs);
      if (isDue) {
        lookedAt = clock.now();
        await this.#look();
      }
      const self = registered();
      if (this.#posted !== undefined && this.#posted.node.metadata.uid !== self.metadata.uid) {
        this.#posted = undefined;
        wasReady = false;
      }
      const known = newest(this.#posted?.node ?? self, this.#deps.node());
      const unschedulable = isUnschedulable(known);
      if (unschedulable !== wasUnschedulable) tell(unschedulable ? 'NodeNotSchedulable' : 'NodeSchedulable');
      wasUnschedulable = unschedulable;
      const before = known.status;
      const [seen, seenBefore] = [this.#faults(), faults];
      faults = seen;
      if (wasReady && !isDue && seen === seenBefore && readyOf(before) === 'True') {
        await clock.sleep(tickMs, signal).catch(() => undefined);
        continue;
      }
      const status = this.compute(before);
      const isStarting = this.#posted === undefined && clock.now() - startedAt < startPatienceMs;
      const waits = isStarting && readyOf(before) === 'True' && readyOf(status) === 'False';
      if (!waits && this.#isNews(status, before, isDue)) await this.#post(status, before, signal);
      const ready = this.#posted !== undefined && readyOf(status) === 'True';
      if (ready && !wasReady) onReady();
      wasReady = ready;
      await clock.sleep(ready ? tickMs : tickStartingMs, signal).catch(() => undefined);
    }
  }

  #isNews(status: NodeStatus, before: NodeStatus | undefined, isDue: boolean): boolean {
    if (this.#posted === undefined || readyOf(status) !== readyOf(before)) return true;
    if (this.#deps.clock.now() - this.#posted.at >= reportEveryMs) return true;
    return isDue && !says(before, status);
  }

  /** When the engine does not answer, the last answers stand. */
  async #look(): Promise<void> {
    const { readHost, clock, logger } = this.#deps;
    try {
      this.#sight = await readHost();
      this.#answeredAt = clock.now();
      if (this.#runtimeError !== undefined) logger.info({}, 'the container engine answers again');
      this.#runtimeError = undefined;
    } catch (error) {
      if (this.#runtimeError === undefined) logger.warn({ err: error }, 'the container engine does not answer');
      this.#runtimeError = error instanceof Error ? error.message : String(error);
    }
  }

  /** The cheap signs, as one text. */
  #faults(): string {
    return JSON.stringify([this.#runtimeFault(), this.#deps.networkFault()]);
  }

  #runtimeFault(): string | undefined {
    return this.#deps.clock.now() - this.#answeredAt < runtimePatienceMs ? undefined : this.#runtimeError;
  }

  async #post(status: NodeStatus, before: NodeStatus | undefined, signal: AbortSignal): Promise<void> {
    const { client, clock, nodeName, logger, tell } = this.#deps;
    try {
      const options = { subresource: 'status', signal };
      const node = await client.resource(resources.nodes).patch('', nodeName, 'strategic', { status }, options);
      this.#posted = { node, at: clock.now() };
      conditionNews(before?.conditions, status.conditions).forEach(tell);
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ err: error, node: nodeName }, 'the node status was not sent');
      await clock.sleep(sendAgainMs, signal).catch(() => undefined);
    }
  }
}

const newest = (a: Node, b: Node | undefined): Node =>
  b !== undefined && BigInt(b.metadata.resourceVersion) > BigInt(a.metadata.resourceVersion) ? b : a;

const isUnschedulable = ({ spec }: Node): boolean => spec?.unschedulable === true;

const readyOf = (status: NodeStatus | undefined): string | undefined =>
  findCondition(status?.conditions, 'Ready')?.status;

/** True when `actual` already says everything that `wanted` does; heartbeats alone are no news. */
export function says(actual: NodeStatus | undefined, wanted: NodeStatus): boolean {
  const { conditions = [], ...rest } = wanted;
  const sameRest = Object.entries(rest).every(([key, value]) => {
    const held: unknown = actual === undefined ? undefined : Reflect.get(actual, key);
    // An empty list is not stored.
    return isDeepStrictEqual(held, value) || (held === undefined && Array.isArray(value) && value.length === 0);
  });
  return (
    sameRest &&
    conditions.every(({ type, status, reason, message }) => {
      const one = findCondition(actual?.conditions, type);
      return one?.status === status && one.reason === reason && one.message === message;
    })
  );
}
