/** What the agent remembers of one pod between two looks at it. Losing it costs a little time and no truth. */
import type { Pod } from '@skiff/api';
import type { Action, Busy, Eviction, Presence, Setback, Target } from './facts.ts';
import { afterRemoval, afterUpdate, type Standing, wanted } from './presence.ts';

const evictionGraceMs = 1000;

/** An action that runs now. */
export interface Task extends Busy {
  readonly abort: AbortController;
}

export class PodRecord {
  pod: Pod;
  #standing: Standing = wanted;
  /** Undefined until the pod was looked at once. */
  admitted: boolean | undefined;
  rejection: { readonly reason: string; readonly message: string } | undefined;
  #eviction: { readonly why: Eviction; readonly killBy: number } | undefined;
  volumes: 'absent' | 'stale' | 'ready' = 'absent';
  network: { readonly sandboxId: string; readonly ips: readonly string[] } | undefined;
  /** Containers that were running when this agent first saw them. */
  readonly adopted = new Set<string>();
  readonly lastWords = new Map<string, string>();
  /** Containers that were stopped because their declaration changed. */
  readonly replaced = new Set<string>();
  readonly preStopped = new Set<string>();
  readonly setbacks = new Map<Target, Setback>();
  /** The last wait of each target's setback, for the next to be longer. */
  readonly setbackMs = new Map<Target, number>();
  readonly tasks = new Map<Target, Task>();

  constructor(pod: Pod) {
    this.pod = pod;
  }

  get presence(): Presence {
    return this.#standing.presence;
  }

  get stopBy(): number | undefined {
    const { stopBy } = this.#standing;
    if (this.#eviction === undefined) return stopBy;
    return Math.min(this.#eviction.killBy, stopBy ?? Number.POSITIVE_INFINITY);
  }

  get eviction(): Eviction | undefined {
    return this.#eviction?.why;
  }

  /** Its containers get a second, as kubelet's do under a hard threshold. The first reason stands. */
  evict(why: Eviction, now: number): void {
    this.#eviction ??= { why, killBy: now + evictionGraceMs };
  }

  /** A newer document of the same pod. */
  update(pod: Pod, now: number): void {
    this.pod = pod;
    this.#standing = afterUpdate(this.#standing, pod, now);
  }

  /** The API no longer has the pod. */
  vanish(now: number): void {
    this.#standing = afterRemoval(this.#standing, this.pod, now);
  }

  abortAll(reason: unknown): void {
    for (const { abort } of this.tasks.values()) abort.abort(reason);
  }
}

/** Actions that go on although the agent stops looking: none may be left half done by an abort. */
export const busyOf = (action: Action): Busy =>
  action.type === 'killContainer' || action.type === 'runPreStop'
    ? { action: action.type, killBy: action.killBy }
    : { action: action.type };
