/** What exists of one simulated pod: its containers, what is under way with them, and what chance has laid up for each. Plain data. */
import type { Action, ContainerHealth, PodFacts, Setback, Target } from '../pods/facts.ts';
import { targetOf } from '../pods/facts.ts';
import { busyOf } from '../pods/record.ts';
import type { ContainerStatus } from '../runtime/contract.ts';
import type { Habits } from './habits.ts';
import type { Luck } from './luck.ts';

/** An action that was begun. */
export interface Task {
  readonly action: Action;
  readonly endsAt: number;
  /** It will fail, and this is what will be said. */
  readonly failure?: { readonly reason: string; readonly message: string; readonly later: string };
}

/** What will become of a running container by itself. */
export interface Fate {
  readonly readyAt: number;
  readonly end?: { readonly at: number; readonly exitCode: number; readonly oomKilled: boolean };
}

export interface Life {
  readonly volumes: 'absent' | 'ready';
  readonly network?: NonNullable<PodFacts['network']>;
  readonly containers: readonly ContainerStatus[];
  /** By container id; those without go on as they are. */
  readonly fates: ReadonlyMap<string, Fate>;
  readonly tasks: readonly Task[];
  readonly setbacks: ReadonlyMap<Target, Setback>;
  /** How often each target's action has failed since it last worked. */
  readonly failures: ReadonlyMap<Target, number>;
  /** Containers that were stopped because their declaration changed. */
  readonly replaced: ReadonlySet<string>;
}

// Most pods have none of these most of the time: they share the empty ones.
const none: ReadonlyMap<string, never> = new Map<string, never>();
const nobody: ReadonlySet<string> = new Set();

export const unborn: Life = {
  ...{ volumes: 'absent', containers: [], tasks: [], fates: none, setbacks: none, failures: none, replaced: nobody },
};

/** The simulation's own rules. */
export interface World {
  readonly luck: Luck;
  readonly habits: Habits;
}

export type View = Pick<PodFacts, 'pod' | 'now' | 'presence' | 'stopBy' | 'rejection' | 'statusReported'>;

/** What the agent would find, looking at this moment. */
export const factsOf = (life: Life, view: View): PodFacts => ({
  ...view,
  volumes: life.volumes,
  ...(life.network === undefined ? {} : { network: life.network }),
  containers: life.containers,
  health: healthOf(life, view.now),
  replaced: life.replaced,
  // No hook runs here: none is waited for.
  preStopped: new Set(life.containers.map(({ id }) => id)),
  lastWords: none,
  setbacks: life.setbacks,
  busy: life.tasks.length === 0 ? none : new Map(life.tasks.map(({ action }) => [targetOf(action), busyOf(action)])),
});

const well: ContainerHealth = { started: true, ready: true };
const warmingUp: ContainerHealth = { started: true, ready: false };

function healthOf({ containers, fates }: Life, now: number): ReadonlyMap<string, ContainerHealth> {
  const running = containers.filter(({ role, state }) => role === 'container' && state === 'running');
  return new Map(running.map(({ id }) => [id, (fates.get(id)?.readyAt ?? 0) > now ? warmingUp : well]));
}
