/** What must hold for every pod whatever happens to it: plans are carried out in a node in miniature, under random faults. */
import type { Pod } from '@skiff/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { restartAt } from './backoff.ts';
import { type Action, isIn, newestOf, type PodFacts } from './facts.ts';
import { appContainers, findDeclared, initContainers, restartPolicyOf } from './spec.ts';
import { container, podWith, sidecar } from './testing/facts.ts';
import { type Happening, World } from './testing/world.ts';

const pods: fc.Arbitrary<Pod> = fc
  .record({
    restartPolicy: fc.constantFrom('Always' as const, 'OnFailure' as const, 'Never' as const),
    init: fc.array(fc.boolean(), { maxLength: 3 }),
    apps: fc.integer({ min: 1, max: 2 }),
    activeDeadlineSeconds: fc.option(fc.integer({ min: 1, max: 3600 }), { nil: undefined, freq: 5 }),
    ephemeral: fc.boolean(),
  })
  .map(({ restartPolicy, init, apps, activeDeadlineSeconds, ephemeral }) =>
    podWith({
      restartPolicy,
      initContainers: init.map((isSidecar, i) => (isSidecar ? sidecar(`i${i}`) : container(`i${i}`))),
      containers: Array.from({ length: apps }, (_, i) => container(`a${i}`)),
      ...(activeDeadlineSeconds === undefined ? {} : { activeDeadlineSeconds }),
      ...(ephemeral ? { ephemeralContainers: [{ name: 'e0', image: 'busybox:1.36' }] } : {}),
    }),
  );

const which = fc.nat({ max: 5 });
const rare: fc.Arbitrary<Happening> = fc
  .constantFrom('sandboxDies' as const, 'agentRestarts' as const, 'imageChanges' as const, 'delete' as const)
  .map((type) => ({ type }));
const happenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.record({ type: fc.constant('finish' as const), which, fails: fc.constant(false) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('finish' as const), which, fails: fc.constant(true) }) },
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constant('die' as const), which, exitCode: fc.constantFrom(0, 1, 137) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 700_000 }) }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('unhealthy' as const), which }) },
    { weight: 1, arbitrary: rare },
  ),
  { maxLength: 80 },
);

/** Runs the world through `events` and calls `check` for each action as it is begun. */
function live(pod: Pod, events: readonly Happening[], check: (action: Action, facts: PodFacts) => void): World {
  const world = new World(pod);
  let checked = 0;
  const look = (): void => {
    world.look();
    for (; checked < world.begun.length; checked += 1) {
      const { action, facts } = world.begun[checked] ?? {};
      if (action !== undefined && facts !== undefined) check(action, facts);
    }
  };
  look();
  for (const event of events) {
    world.happen(event);
    look();
  }
  return world;
}

const always = (check: (action: Action, facts: PodFacts) => void): void =>
  fc.assert(
    fc.property(pods, happenings, (pod, events) => void live(pod, events, check)),
    { numRuns: 400 },
  );

const running = (facts: PodFacts) =>
  facts.containers.filter(({ role, state }) => role === 'container' && state === 'running');

describe('always', () => {
  test('at most one container of a name runs', () => {
    fc.assert(
      fc.property(pods, happenings, (pod, events) => {
        live(pod, events, (action, facts) => {
          const names = running(facts).map(({ name }) => name);
          expect(new Set(names).size).toBe(names.length);
          if (action.type === 'startContainer') expect(names).not.toContain(action.name);
        });
      }),
      { numRuns: 400 },
    );
  });

  test('an app container of a pod that is never restarted is started once', () => {
    always((action, facts) => {
      if (action.type !== 'startContainer' || restartPolicyOf(facts.pod) !== 'Never') return;
      if (findDeclared(facts.pod, action.name)?.kind !== 'app') return;
      const newest = newestOf(facts, action.name);
      expect(newest === undefined || facts.replaced.has(newest.id)).toBe(true);
    });
  });

  test('a container that ended well is not started again under OnFailure', () => {
    always((action, facts) => {
      if (action.type !== 'startContainer' || restartPolicyOf(facts.pod) !== 'OnFailure') return;
      if (findDeclared(facts.pod, action.name)?.kind !== 'app') return;
      const newest = newestOf(facts, action.name);
      if (newest === undefined || facts.replaced.has(newest.id)) return;
      expect(newest.exitCode).not.toBe(0);
    });
  });

  test('a container starts when all before it are done, in the sandbox that is alive', () => {
    always((action, facts) => {
      if (action.type !== 'startContainer') return;
      const kind = findDeclared(facts.pod, action.name)?.kind;
      if (kind === 'ephemeral') return;
      const here = facts.containers.filter((one) => one.id === action.sandboxId);
      expect(here).toMatchObject([{ role: 'sandbox', state: 'running' }]);
      const [sandbox] = here;
      const hasRun = ({ spec }: { spec: { name: string } }): boolean =>
        facts.containers.some(
          (one) => one.name === spec.name && one.state !== 'created' && sandbox !== undefined && isIn(one, sandbox),
        );
      if (appContainers(facts.pod).some(hasRun)) return;
      for (const before of initContainers(facts.pod)) {
        if (before.spec.name === action.name) return;
        const newest = newestOf(facts, before.spec.name);
        expect(newest).toBeDefined();
        if (before.kind === 'init') expect(newest).toMatchObject({ state: 'exited', exitCode: 0 });
        else expect(newest?.state).toBe('running');
      }
    });
  });

  test('nothing starts again before its back-off is over', () => {
    always((action, facts) => {
      if (action.type !== 'startContainer') return;
      const newest = newestOf(facts, action.name);
      if (newest === undefined || facts.replaced.has(newest.id)) return;
      if (newest.labels['io.skiff.sandbox.id'] !== action.sandboxId) return;
      expect(restartAt(newest)).toBeLessThanOrEqual(facts.now);
      expect(action.attempt).toBe(newest.attempt + 1);
    });
  });

  test('a sidecar of an ending pod is stopped after all others, and a sandbox after all containers', () => {
    always((action, facts) => {
      if (action.type === 'killContainer' && action.cause === 'ending') {
        if (findDeclared(facts.pod, action.name)?.kind !== 'sidecar') return;
        const later = running(facts).filter(({ name }) => name !== action.name);
        expect(later.every(({ name }) => findDeclared(facts.pod, name)?.kind === 'sidecar' && name < action.name)).toBe(
          true,
        );
      }
      if (action.type === 'removeSandbox' && action.id === facts.containers.at(-1)?.id)
        expect(running(facts)).toEqual([]);
      if (action.type === 'tearDownVolumes') expect(running(facts)).toEqual([]);
      if (action.type === 'forget') expect(facts.containers).toEqual([]);
    });
  });

  test('a restarted agent kills nothing that runs well', () => {
    fc.assert(
      fc.property(pods, (pod) => {
        // A pod whose deadline is over is ended, and rightly.
        const { activeDeadlineSeconds: _none, ...spec } = pod.spec;
        const world = new World({ ...pod, spec });
        world.settle(60);
        const ran = world.containers.filter(({ state }) => state === 'running').map(({ id }) => id);
        world.happen({ type: 'agentRestarts' });
        const before = world.begun.length;
        world.look();
        world.happen({ type: 'finish', which: 0, fails: false });
        world.look();
        const touched = world.begun.slice(before).flatMap(({ action }) => ('id' in action ? [action.id] : []));
        if (world.status?.phase === 'Running') expect(touched.filter((id) => ran.includes(id))).toEqual([]);
      }),
    );
  });
});

describe('in the end', () => {
  test('a deleted pod leaves nothing and is forgotten', () => {
    fc.assert(
      fc.property(pods, happenings, (pod, events) => {
        const world = live(pod, events, () => undefined);
        world.happen({ type: 'delete' });
        world.settle();
        expect(world.containers).toEqual([]);
        expect(world.gone).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test('a pod that is always restarted runs, however it was treated', () => {
    fc.assert(
      fc.property(pods, happenings, (pod, events) => {
        const { activeDeadlineSeconds: _none, ...spec } = pod.spec;
        const wanted = { ...pod, spec: { ...spec, restartPolicy: 'Always' as const } };
        const world = live(
          wanted,
          events.filter(({ type }) => type !== 'delete'),
          () => undefined,
        );
        // Init containers end well from here on.
        for (let i = 0; i < 40; i += 1) {
          world.settle(20);
          const init = world.containers.find(
            ({ name, state }) => state === 'running' && findDeclared(wanted, name)?.kind === 'init',
          );
          if (init === undefined) continue;
          const all = world.containers.filter(({ role, state }) => role === 'container' && state === 'running');
          world.happen({ type: 'die', which: all.indexOf(init), exitCode: 0 });
        }
        const up = world.containers.filter(({ state }) => state === 'running').map(({ name }) => name);
        for (const { spec: app } of appContainers(wanted)) expect(up).toContain(app.name);
        expect(world.status?.phase).toBe('Running');
      }),
      { numRuns: 100 },
    );
  });
});

describe('the phase', () => {
  const rank = new Map([
    ['Pending', 0],
    ['Running', 1],
    ['Succeeded', 2],
    ['Failed', 2],
  ]);
  test('never goes back, and never leaves its end', () => {
    fc.assert(
      fc.property(pods, happenings, (pod, events) => {
        const world = new World(pod);
        let last = 'Pending';
        for (const event of [...events, { type: 'delete' as const }]) {
          world.look();
          const phase = world.status?.phase ?? '';
          expect(rank.get(phase)).toBeGreaterThanOrEqual(rank.get(last) ?? 0);
          if (rank.get(last) === 2) expect(phase).toBe(last);
          last = phase;
          world.happen(event);
        }
      }),
      { numRuns: 400 },
    );
  });
});
