/** The pods of a simulated node: each is looked at when its document, its life or its report moves on. No timer for one that rests. */
import { type Clock, isReason, type Logger, type Node, type Pod, resources, type Timer } from '@skiff/api';
import type { Client, Informer, InformerContext } from '@skiff/client';
import { admit } from '../pods/admit.ts';
import { afterRemoval, afterUpdate, type Standing, wanted } from '../pods/presence.ts';
import { isTerminal } from '../pods/spec.ts';
import { generateStatus } from '../status/generate.ts';
import { StatusReporter } from '../status/reporter.ts';
import { adopt } from './adopt.ts';
import { factsOf, type Life, unborn, type View, type World } from './life.ts';
import { addressIn } from './place.ts';
import { proceed, settle } from './step.ts';

export interface SimulatedPodsDeps {
  readonly context: InformerContext;
  readonly world: World;
  readonly nodeIP: string;
  /** What pod addresses are taken from while the Node has no `podCIDR`. */
  readonly ownRange: string;
  /** The Node as the API has it. */
  readonly node: () => Node;
}

interface Entry {
  pod: Pod;
  life: Life;
  standing: Standing;
  rejection: View['rejection'];
  readonly place: number;
  timer: Timer | undefined;
  /** The API server is being asked to delete it. */
  deleting: boolean;
}

const deleteAgainMs = 1000;

export class SimulatedPods {
  readonly #deps: SimulatedPodsDeps;
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #signal: AbortSignal;
  readonly #reporter: StatusReporter;
  readonly #entries = new Map<string, Entry>();
  readonly #places = new Set<number>();

  constructor(deps: SimulatedPodsDeps, signal: AbortSignal) {
    this.#deps = deps;
    this.#signal = signal;
    ({ client: this.#client, clock: this.#clock, logger: this.#logger } = deps.context);
    this.#reporter = new StatusReporter({ ...deps.context, signal, onLanded: (uid) => this.#look(uid) });
  }

  /** Until the signal aborts: then all stays as it is. `pods` are those bound to the node. */
  async run(pods: Informer<Pod>): Promise<void> {
    await pods.synced(this.#signal);
    const unsubscribe = pods.onChange((change) => {
      if (change.type === 'removed') this.#removed(change.object);
      else this.#seen(change.object);
    });
    await new Promise<void>((resolve) => {
      if (this.#signal.aborted) resolve();
      this.#signal.addEventListener('abort', () => resolve(), { once: true });
    });
    unsubscribe();
    for (const { timer } of this.#entries.values()) timer?.cancel();
  }

  #seen(pod: Pod): void {
    const { uid } = pod.metadata;
    const entry = this.#entries.get(uid) ?? this.#take(pod);
    entry.pod = pod;
    entry.standing = afterUpdate(entry.standing, pod, this.#clock.now());
    this.#look(uid);
  }

  #removed(pod: Pod): void {
    const entry = this.#entries.get(pod.metadata.uid);
    if (entry === undefined) return;
    entry.standing = afterRemoval(entry.standing, pod, this.#clock.now());
    this.#look(pod.metadata.uid);
  }

  /** The first look: what its status tells of is taken over; a new pod must fit. */
  #take(pod: Pod): Entry {
    const life = adopt(pod, this.#clock.now(), this.#deps.world);
    const known = life !== unborn || pod.metadata.deletionTimestamp !== undefined || isTerminal(pod);
    let place = 0;
    while (this.#places.has(place)) place += 1;
    this.#places.add(place);
    const rejection = known ? undefined : this.#rejection(pod);
    const entry: Entry = { pod, life, standing: wanted, rejection, place, timer: undefined, deleting: false };
    this.#entries.set(pod.metadata.uid, entry);
    return entry;
  }

  #rejection(pod: Pod): View['rejection'] {
    const node = this.#deps.node();
    const others = [...this.#entries.values()]
      .filter((other) => other.standing.presence !== 'gone' && other.rejection === undefined)
      .map((other) => other.pod)
      .filter((other) => !isTerminal(other));
    const fault = admit({ pressures: new Set(), pod, others, node, allocatable: node.status?.allocatable ?? {} });
    return fault && { reason: fault.reason, message: `Pod was rejected: ${fault.message}` };
  }

  #look(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined || this.#signal.aborted) return;
    const { world, nodeIP, node, ownRange } = this.#deps;
    const { pod, standing, rejection } = entry;
    entry.timer?.cancel();
    entry.timer = undefined;
    const now = this.#clock.now();
    const ip = addressIn(node().spec?.podCIDR ?? ownRange, entry.place);
    const life = settle(entry.life, pod, ip, now, world);
    const facts = factsOf(life, {
      ...{ pod, now, presence: standing.presence, statusReported: true },
      ...(standing.stopBy === undefined ? {} : { stopBy: standing.stopBy }),
      ...(rejection === undefined ? {} : { rejection }),
    });
    if (standing.presence !== 'gone') {
      const previous = this.#reporter.latest(pod) ?? pod.status;
      this.#reporter.report(pod, generateStatus({ facts, hostIPs: [nodeIP], previous }));
    }
    const statusReported = standing.presence === 'gone' || this.#reporter.hasLanded(uid);
    const step = proceed(life, { ...facts, statusReported }, world);
    entry.life = step.life;
    if (step.ask === 'forget') this.#forget(uid, entry);
    else if (step.ask === 'deleteFromApi' && !entry.deleting) void this.#delete(uid, entry);
    else if (step.wakeAt !== undefined) this.#wake(uid, entry, step.wakeAt - now);
  }

  #wake(uid: string, entry: Entry, delayMs: number): void {
    entry.timer = this.#clock.after(Math.max(1, delayMs), () => this.#look(uid));
  }

  #forget(uid: string, { place }: Entry): void {
    this.#entries.delete(uid);
    this.#places.delete(place);
    this.#reporter.forget(uid);
  }

  async #delete(uid: string, entry: Entry): Promise<void> {
    entry.deleting = true;
    const { namespace = '', name } = entry.pod.metadata;
    try {
      const options = { gracePeriodSeconds: 0, uid, signal: this.#signal };
      await this.#client.resource(resources.pods).delete(namespace, name, options).catch(unlessGone);
      entry.standing = afterRemoval(entry.standing, entry.pod, this.#clock.now());
      this.#look(uid);
    } catch (error) {
      if (this.#signal.aborted) return;
      this.#logger.warn({ err: error, pod: `${namespace}/${name}` }, 'the pod was not deleted; trying again');
      entry.deleting = false;
      this.#wake(uid, entry, deleteAgainMs);
    }
  }
}

/** Gone already, or its name belongs to another pod now. */
function unlessGone(error: unknown): void {
  if (!isReason(error, 'NotFound', 'Conflict')) throw error;
}
