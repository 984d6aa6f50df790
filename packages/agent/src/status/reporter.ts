/** Gets pods' statuses to the API server: only the latest counts, and it is tried until it lands. */
import { isDeepStrictEqual } from 'node:util';
import {
  type Clock,
  findCondition,
  isReason,
  type Logger,
  type Pod,
  type PodCondition,
  type PodStatus,
  type Random,
  resources,
} from '@skiff/api';
import type { Client } from '@skiff/client';

export interface ReporterDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The newest status of this pod is with the API server. */
  readonly onLanded: (podUid: string) => void;
  readonly signal: AbortSignal;
}

interface Entry {
  /** The newest document seen. */
  pod: Pod;
  wanted: PodStatus;
  /** What the API server is known to hold, and since which version. */
  landed: PodStatus | undefined;
  landedVersion: bigint;
  sending: boolean;
}

const firstRetryMs = 500;
const maxRetryMs = 30_000;

export class StatusReporter {
  readonly #deps: ReporterDeps;
  readonly #entries = new Map<string, Entry>();

  constructor(deps: ReporterDeps) {
    this.#deps = deps;
  }

  /** Takes `status` as the pod's newest; returns at once. */
  report(pod: Pod, status: PodStatus): void {
    const { uid } = pod.metadata;
    const fresh = { pod, wanted: status, landed: undefined, landedVersion: 0n, sending: false };
    const entry = this.#entries.get(uid) ?? fresh;
    if (isOverwritten(entry, pod)) entry.landed = undefined;
    entry.pod = pod;
    entry.wanted = status;
    if (entry.landed === undefined && says(pod.status, status)) {
      entry.landed = status;
      entry.landedVersion = versionOf(pod);
    }
    this.#entries.set(uid, entry);
    if (!entry.sending && !this.#isLanded(entry)) void this.#send(uid, entry);
  }

  /** What was last reported, landed or not; with the document's own conditions when somebody else has changed them since. */
  latest(pod: Pod): PodStatus | undefined {
    const entry = this.#entries.get(pod.metadata.uid);
    if (entry === undefined || !isOverwritten(entry, pod)) return entry?.wanted;
    return { ...entry.wanted, conditions: pod.status?.conditions ?? [] };
  }

  hasLanded(podUid: string): boolean {
    const entry = this.#entries.get(podUid);
    return entry === undefined || this.#isLanded(entry);
  }

  forget(podUid: string): void {
    this.#entries.delete(podUid);
  }

  #isLanded({ wanted, landed }: Entry): boolean {
    return isDeepStrictEqual(wanted, landed);
  }

  async #send(uid: string, entry: Entry): Promise<void> {
    const { clock, random, logger, signal, onLanded } = this.#deps;
    entry.sending = true;
    let delayMs = firstRetryMs;
    while (!signal.aborted && this.#entries.get(uid) === entry && !this.#isLanded(entry)) {
      const status = entry.wanted;
      try {
        entry.landedVersion = versionOf(await this.#patch(entry, status));
        entry.landed = status;
        delayMs = firstRetryMs;
      } catch (error) {
        if (isReason(error, 'NotFound', 'Conflict')) {
          // The pod is gone, or another one has its name: nobody is left to tell.
          entry.landed = status;
        } else {
          logger.warn(
            { err: error, pod: `${entry.pod.metadata.namespace}/${entry.pod.metadata.name}` },
            'pod status not sent',
          );
          await clock.sleep(delayMs * (1 + random()), signal).catch(() => {});
          delayMs = Math.min(delayMs * 2, maxRetryMs);
        }
      }
    }
    entry.sending = false;
    if (!signal.aborted && this.#entries.get(uid) === entry) onLanded(uid);
  }

  #patch({ pod, landed }: Entry, status: PodStatus): Promise<Pod> {
    const { namespace = '', name, uid } = pod.metadata;
    const patch = { metadata: { uid }, status: toPatch(status, landed ?? pod.status) };
    return this.#deps.client
      .resource(resources.pods)
      .patch(namespace, name, 'strategic', patch, { subresource: 'status', signal: this.#deps.signal });
  }
}

const versionOf = (pod: Pod): bigint => BigInt(pod.metadata.resourceVersion || 0);

/** A document that is newer than our last write, and says something else: a node that was lost, for example, has its pods called unready. */
const isOverwritten = ({ landed, landedVersion, sending }: Entry, pod: Pod): boolean =>
  landed !== undefined && !sending && versionOf(pod) > landedVersion && !says(pod.status, landed);

/** True when `actual` already says everything that `status` does. */
function says(actual: PodStatus | undefined, status: PodStatus): boolean {
  if (actual === undefined) return false;
  const { conditions = [], ...rest } = status;
  const sameRest = Object.entries(rest).every(([key, value]) => isDeepStrictEqual(Reflect.get(actual, key), value));
  return (
    sameRest && conditions.every((condition) => actual.conditions?.some((one) => isDeepStrictEqual(one, condition)))
  );
}

/** A strategic merge patch: conditions merge by type, so that others' stay; addresses replace the old ones. */
export function toPatch(status: PodStatus, before: PodStatus | undefined): object {
  const { podIPs, conditions, ...rest } = status;
  const changed = podIPs !== undefined && !isDeepStrictEqual(podIPs, before?.podIPs);
  const replace = (before?.podIPs?.length ?? 0) > 0 ? [{ $patch: 'replace' }] : [];
  return {
    ...rest,
    ...(conditions === undefined ? {} : { conditions: conditions.map((one) => toConditionPatch(one, before)) }),
    ...(changed ? { podIPs: [...replace, ...podIPs] } : {}),
    ...(before?.reason !== undefined && status.reason === undefined ? { reason: null } : {}),
    ...(before?.message !== undefined && status.message === undefined ? { message: null } : {}),
  };
}

/** Conditions merge field by field: what no longer holds must be named to go. */
function toConditionPatch(condition: PodCondition, before: PodStatus | undefined): object {
  const old = findCondition(before?.conditions, condition.type);
  return {
    ...(old?.reason !== undefined && condition.reason === undefined ? { reason: null } : {}),
    ...(old?.message !== undefined && condition.message === undefined ? { message: null } : {}),
    ...condition,
  };
}
