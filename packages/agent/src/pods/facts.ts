/** Everything that is known of one pod at one moment: what decisions and status are computed from. Plain data. */
import type { Pod } from '@skiff/api';
import type { ContainerStatus } from '../runtime/contract.ts';
import { label } from '../runtime/labels.ts';

/** What probes say of one running container instance. */
export interface ContainerHealth {
  /** The startup probe has passed, or there is none. */
  readonly started: boolean;
  readonly ready: boolean;
  /** Liveness or startup has failed for good: the container must be restarted. */
  readonly failed?: { readonly probe: 'liveness' | 'startup'; readonly graceMs?: number };
}

/** The last attempt at something failed; the next is not made before `retryAt`. */
export interface Setback {
  /** Only this kind of action waits. */
  readonly action: Action['type'];
  /** A waiting reason: ErrImagePull, ImagePullBackOff, CreateContainerConfigError, … */
  readonly reason: string;
  readonly message: string;
  readonly retryAt: number;
  /** From `at` on it is called so until the next try (ErrImagePull becomes ImagePullBackOff). */
  readonly becomes?: { readonly at: number; readonly reason: string; readonly message: string };
}

/** True when `action` must wait. */
export const isSetBack = (facts: PodFacts, action: Action): boolean => {
  const setback = facts.setbacks.get(targetOf(action));
  return setback?.action === action.type && setback.retryAt > facts.now;
};

/** What a setback is called now. */
export const setbackShown = (setback: Setback, now: number): { readonly reason: string; readonly message: string } =>
  setback.becomes !== undefined && setback.becomes.at <= now ? setback.becomes : setback;

/** An action that was begun and has not ended. `killBy` is set for a container that is being stopped. */
export interface Busy {
  readonly action: Action['type'];
  readonly killBy?: number;
}

/** `wanted`: run it. `deleting`: it has a deletionTimestamp. `gone`: the API no longer has it. */
export type Presence = 'wanted' | 'deleting' | 'gone';

/** What an action is about: at most one action for each runs at a time. A container is named by its name. */
export type Target = '@volumes' | '@sandbox' | '@api' | (string & {});

/** The node is short of something, or the pod used more than it may. */
export interface Eviction {
  readonly reason: 'Evicted';
  readonly message: string;
  /** The node, not the pod, is the cause (KEP-3329). */
  readonly disrupted: boolean;
}

export interface PodFacts {
  readonly pod: Pod;
  readonly now: number;
  readonly presence: Presence;
  /** When the pod's containers must be dead; set unless `wanted`. */
  readonly stopBy?: number;
  /** Why this node does not take the pod. */
  readonly rejection?: { readonly reason: string; readonly message: string };
  /** Why the node gets rid of the pod. */
  readonly eviction?: Eviction;
  /** `stale`: an earlier life of the agent left some on disk. */
  readonly volumes: 'absent' | 'stale' | 'ready';
  /** Which sandbox is on the pod network, and with which addresses. */
  readonly network?: { readonly sandboxId: string; readonly ips: readonly string[] };
  /** All of this pod's sandboxes and containers on the node. */
  readonly containers: readonly ContainerStatus[];
  /** By container id; has every running container. */
  readonly health: ReadonlyMap<string, ContainerHealth>;
  /** Ids of containers that were stopped because their declaration changed: they are replaced whatever the restart policy. */
  readonly replaced: ReadonlySet<string>;
  /** Ids of containers whose preStop hook has run. */
  readonly preStopped: ReadonlySet<string>;
  /** By container id: what dead containers left in their termination message file. */
  readonly lastWords: ReadonlyMap<string, string>;
  readonly setbacks: ReadonlyMap<Target, Setback>;
  readonly busy: ReadonlyMap<Target, Busy>;
  /** The API server has the newest status, or no longer has the pod. */
  readonly statusReported: boolean;
}

export type KillCause = 'ending' | 'unhealthy' | 'changed' | 'sandboxGone';

export type Action =
  | { readonly type: 'setUpVolumes' }
  | { readonly type: 'tearDownVolumes' }
  | { readonly type: 'createSandbox'; readonly attempt: number }
  | { readonly type: 'attachNetwork'; readonly sandboxId: string }
  | { readonly type: 'removeSandbox'; readonly id: string }
  | {
      readonly type: 'startContainer';
      readonly name: string;
      readonly attempt: number;
      readonly sandboxId: string;
      /** Written on the container: how long it waits, once dead, before the next start. */
      readonly backoffMs: number;
    }
  /** The hook of a sidecar whose turn to stop has not come: hooks run when the pod begins to end, whatever the order of stopping. */
  | { readonly type: 'runPreStop'; readonly name: string; readonly id: string; readonly killBy: number }
  | {
      readonly type: 'killContainer';
      readonly name: string;
      readonly id: string;
      readonly killBy: number;
      readonly cause: KillCause;
      readonly message: string;
    }
  | { readonly type: 'removeContainer'; readonly name: string; readonly id: string }
  /** Gives up an action that is under way. */
  | { readonly type: 'cancel'; readonly target: Target }
  | { readonly type: 'deleteFromApi' }
  /** Nothing of the pod is left here: the worker may drop what it remembers. */
  | { readonly type: 'forget' };

/** What to do now, and when to look again although nothing changes. */
export interface Plan {
  readonly actions: readonly Action[];
  readonly wakeAt?: number;
}

export function targetOf(action: Action): Target {
  switch (action.type) {
    case 'setUpVolumes':
    case 'tearDownVolumes':
      return '@volumes';
    case 'createSandbox':
    case 'attachNetwork':
    case 'removeSandbox':
      return '@sandbox';
    case 'startContainer':
    case 'runPreStop':
    case 'killContainer':
    case 'removeContainer':
      return action.name;
    case 'cancel':
      return action.target;
    case 'deleteFromApi':
    case 'forget':
      return '@api';
  }
}

/** The pod's instances of one container, newest first. */
export function instancesOf(facts: PodFacts, name: string): readonly ContainerStatus[] {
  return facts.containers
    .filter((container) => container.role === 'container' && container.name === name)
    .sort((a, b) => b.attempt - a.attempt);
}

export const newestOf = (facts: PodFacts, name: string): ContainerStatus | undefined => instancesOf(facts, name)[0];

/** The pod's sandboxes, newest first. */
export function sandboxesOf(facts: PodFacts): readonly ContainerStatus[] {
  return facts.containers.filter((container) => container.role === 'sandbox').sort((a, b) => b.attempt - a.attempt);
}

/** Dead, and to be followed by an instance of the new declaration. */
export const isReplaced = (facts: PodFacts, newest: ContainerStatus | undefined): boolean =>
  newest?.state === 'exited' && facts.replaced.has(newest.id);

/** The sandbox that containers may be started in: the newest, if it runs. */
export function liveSandbox(facts: PodFacts): ContainerStatus | undefined {
  const newest = sandboxesOf(facts)[0];
  return newest?.state === 'running' ? newest : undefined;
}

export const isIn = (container: ContainerStatus, sandbox: ContainerStatus): boolean =>
  container.labels[label.sandboxId] === sandbox.id;
