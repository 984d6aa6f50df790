/**
 * Keeps the node from running out of memory, disk and process ids: calls the lack by its name, removes what nobody uses, and
 * when that is not enough evicts one pod at a look. Rules: kubelet's eviction manager and image garbage collector, v1.32.
 */
import type { Clock, Logger, Pod } from '@skiff/api';
import type { HostSight } from '../node/reporter.ts';
import type { HostFacts } from '../node/status.ts';
import type { Eviction } from '../pods/facts.ts';
import { type ContainerSummary, isRuntimeError, type Runtime } from '../runtime/contract.ts';
import { bytesOverMark, type ImageRecords, type ImageWaterMarks, imagesToRemove, lookAtImages } from './images.ts';
import { isLimited, limitedVolumes, limitFault } from './limits.ts';
import { type ContainerUse, evictionMessage, type PodUse, rank, resourceNameOf } from './rank.ts';
import { type LastPressed, met, observe, type Pressure, press, pressureOf, type Thresholds } from './thresholds.ts';

export interface EvictionDeps {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly thresholds: Thresholds;
  readonly imageMarks: ImageWaterMarks;
  readonly readHost: () => Promise<HostSight>;
  /** Pods that run here and are to stay. */
  readonly active: () => readonly Pod[];
  readonly evict: (uid: string, why: Eviction) => void;
  /** Bytes that a pod's emptyDir on disk takes. */
  readonly volumeBytes: (pod: Pod, volume: string) => Promise<number>;
  /** The node is about to reclaim `resource`. */
  readonly onThreshold: (resource: string) => void;
}

export class EvictionManager {
  readonly #deps: EvictionDeps;
  #pressed: LastPressed = {};
  #images: ImageRecords | undefined;
  #working: Promise<void> | undefined;

  constructor(deps: EvictionDeps) {
    this.#deps = deps;
  }

  get pressures(): ReadonlySet<Pressure> {
    return new Set(Object.keys(this.#pressed) as Pressure[]);
  }

  /** To be told of every look at the host. Returns at once; what has to be done is done beside, one look at a time. */
  observe(sight: HostSight): void {
    const { thresholds, clock, logger } = this.#deps;
    this.#pressed = press(this.#pressed, met(thresholds, observe(sight.host)), clock.now());
    this.#working ??= this.#act(sight)
      .catch((error: unknown) => {
        const level = isRuntimeError(error, 'unavailable') ? 'debug' : 'warn';
        logger[level]({ err: error }, 'the node’s room was not looked after');
      })
      .finally(() => {
        this.#working = undefined;
      });
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#working;
  }

  async #act({ host, images }: HostSight): Promise<void> {
    const { imageMarks, thresholds } = this.#deps;
    const containers = await this.#deps.runtime.list();
    const inUse = new Set(containers.map(({ imageId }) => imageId));
    this.#images = lookAtImages(this.#images, images, inUse, this.#deps.clock.now());
    await this.#freeImages(images, inUse, bytesOverMark(host.imagefs, imageMarks));
    if (await this.#enforceLimits(containers)) return;
    const [signal] = met(thresholds, observe(host));
    if (signal === undefined) return;
    this.#deps.onThreshold(resourceNameOf(signal));
    let seen: HostFacts = host;
    if (pressureOf(signal) === 'DiskPressure') {
      await this.#removeDead(containers);
      await this.#freeImages(images, inUse, Number.POSITIVE_INFINITY);
      seen = (await this.#deps.readHost()).host;
      if (!met(thresholds, observe(seen)).includes(signal)) return;
    }
    const uses = await this.#measureAll(this.#deps.active(), containers);
    const [first] = rank(signal, uses);
    if (first === undefined) {
      this.#deps.logger.error({ signal }, 'the node lacks room, and no pod is left to evict');
      return;
    }
    const message = evictionMessage(signal, first, thresholds, observe(seen));
    this.#deps.evict(first.pod.metadata.uid, { reason: 'Evicted', message, disrupted: true });
  }

  async #freeImages(images: HostSight['images'], inUse: ReadonlySet<string>, bytes: number): Promise<void> {
    const { runtime, clock, logger } = this.#deps;
    for (const { id, tags } of imagesToRemove(images, this.#images ?? new Map(), inUse, bytes, clock.now())) {
      for (const reference of tags.length > 0 ? tags : [id])
        await runtime.removeImage(reference).catch((error: unknown) => {
          if (!isRuntimeError(error, 'notFound'))
            logger.warn({ err: error, image: reference }, 'an unused image was not removed');
        });
      logger.info({ image: tags[0] ?? id }, 'removed an image that nothing uses');
    }
  }

  /** Containers that ended, but for the newest of each that belongs to a pod which goes on: its log may be asked for. */
  async #removeDead(containers: readonly ContainerSummary[]): Promise<void> {
    const active = new Set(this.#deps.active().map(({ metadata }) => metadata.uid));
    const newest = new Map<string, number>();
    const keyOf = ({ pod, name }: ContainerSummary): string => `${pod.uid}/${name}`;
    for (const one of containers) newest.set(keyOf(one), Math.max(one.attempt, newest.get(keyOf(one)) ?? 0));
    for (const one of containers) {
      if (one.role !== 'container' || one.state !== 'exited') continue;
      if (active.has(one.pod.uid) && newest.get(keyOf(one)) === one.attempt) continue;
      await this.#deps.runtime.removeContainer(one.id);
    }
  }

  /** True when a pod was evicted for using more than it may. */
  async #enforceLimits(containers: readonly ContainerSummary[]): Promise<boolean> {
    let evicted = false;
    for (const pod of this.#deps.active().filter(isLimited)) {
      const volumes = new Map<string, number>();
      for (const { name } of limitedVolumes(pod)) volumes.set(name, await this.#deps.volumeBytes(pod, name));
      const message = limitFault(await this.#measure(pod, containers), volumes);
      if (message === undefined) continue;
      evicted = true;
      this.#deps.evict(pod.metadata.uid, { reason: 'Evicted', message, disrupted: false });
    }
    return evicted;
  }

  async #measureAll(pods: readonly Pod[], containers: readonly ContainerSummary[]): Promise<readonly PodUse[]> {
    const uses: PodUse[] = [];
    for (const pod of pods) uses.push(await this.#measure(pod, containers));
    return uses;
  }

  async #measure(pod: Pod, containers: readonly ContainerSummary[]): Promise<PodUse> {
    const own = containers.filter((one) => one.role === 'container' && one.pod.uid === pod.metadata.uid);
    const onDisk = (pod.spec.volumes ?? []).filter(
      ({ emptyDir }) => emptyDir !== undefined && emptyDir.medium !== 'Memory',
    );
    const volumes = await Promise.all(onDisk.map(({ name }) => this.#deps.volumeBytes(pod, name)));
    return {
      pod,
      containers: await Promise.all(own.map((one) => this.#measureContainer(one))),
      volumeBytes: volumes.reduce((sum, bytes) => sum + bytes, 0),
    };
  }

  /** A container that went meanwhile uses nothing. */
  async #measureContainer({ id, name, state }: ContainerSummary): Promise<ContainerUse> {
    const { runtime } = this.#deps;
    const gone = (error: unknown): undefined => {
      if (isRuntimeError(error, 'notFound', 'notRunning')) return undefined;
      throw error;
    };
    const stats = state === 'running' ? await runtime.stats(id).catch(gone) : undefined;
    const diskBytes = (await runtime.diskBytes(id).catch(gone)) ?? 0;
    return { name, memoryBytes: stats?.memoryWorkingSetBytes ?? 0, diskBytes, pids: stats?.pids ?? 0 };
  }
}
