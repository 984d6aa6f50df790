/** A simulated pod's whole course under a clock that jumps from one thing that happens to the next. */
import type { Pod, PodStatus } from '@skiff/api';
import { afterRemoval, afterUpdate, type Standing, wanted } from '../pods/presence.ts';
import { generateStatus } from '../status/generate.ts';
import { calmHabits, type Habits } from './habits.ts';
import { factsOf, type Life, unborn, type World } from './life.ts';
import { createLuck } from './luck.ts';
import { proceed, settle } from './step.ts';

export const startMs = Date.UTC(2026, 0, 2, 3, 4, 5);

/** Habits and seed of a test. */
export const worldOf = (habits: Partial<Habits> = {}, seed = 1): World => ({
  luck: createLuck(seed),
  habits: { ...calmHabits, ...habits },
});

export class Course {
  pod: Pod;
  life: Life;
  readonly #world: World;
  #standing: Standing = wanted;
  now = startMs;
  /** What the API server would hold after each look. */
  readonly statuses: { readonly at: number; readonly status: PodStatus }[] = [];
  forgotten = false;

  constructor(pod: Pod, world: World, life: Life = unborn) {
    this.pod = pod;
    this.#world = world;
    this.life = life;
  }

  get status(): PodStatus {
    return this.statuses.at(-1)?.status ?? {};
  }

  /** Looks, and goes on from one wake to the next, until nothing more will happen by `untilMs` after the start. */
  run(untilMs: number): void {
    const end = startMs + untilMs;
    for (;;) {
      const wakeAt = this.#look();
      if (this.forgotten || wakeAt === undefined || wakeAt > end) break;
      this.now = Math.max(wakeAt, this.now + 1);
    }
    this.now = Math.max(this.now, end);
  }

  delete(graceSeconds: number): void {
    const metadata = { ...this.pod.metadata, deletionTimestamp: 'set', deletionGracePeriodSeconds: graceSeconds };
    this.pod = { ...this.pod, metadata };
    this.#standing = afterUpdate(this.#standing, this.pod, this.now);
  }

  #look(): number | undefined {
    this.life = settle(this.life, this.pod, '10.128.0.2', this.now, this.#world);
    const { presence, stopBy } = this.#standing;
    const view = { pod: this.pod, now: this.now, presence, ...(stopBy === undefined ? {} : { stopBy }) };
    const facts = factsOf(this.life, { ...view, statusReported: true });
    if (presence !== 'gone') {
      const status = generateStatus({ facts, hostIPs: ['100.64.0.1'], previous: this.pod.status });
      this.pod = { ...this.pod, status };
      this.statuses.push({ at: this.now, status });
    }
    const step = proceed(this.life, facts, this.#world);
    this.life = step.life;
    if (step.ask === 'deleteFromApi') {
      this.#standing = afterRemoval(this.#standing, this.pod, this.now);
      return this.now;
    }
    this.forgotten = step.ask === 'forget';
    return step.wakeAt;
  }
}
