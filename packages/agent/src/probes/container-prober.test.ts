import type { Container, Pod, Probe } from '@skiff/api';
import { createStepClock, settle } from '@skiff/client/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { container, podWith } from '../pods/testing/facts.ts';
import type { Runtime, Session } from '../runtime/contract.ts';
import { ContainerProber, type ProberOptions } from './container-prober.ts';
import { initialState, nextState, type Outcome, type ProbeKind } from './machine.ts';
import { createProbeTally } from './tally.ts';

/** A container whose commands answer as `answers` says: exit codes, or never. */
function setUp(part: Partial<Container>, options: Partial<ProberOptions> = {}, pod: Pod = podWith({})) {
  const clock = createStepClock();
  const answers: Record<string, number | 'never' | 'error'> = { startup: 0, liveness: 0, readiness: 0 };
  const asked: { readonly kind: string; readonly at: number }[] = [];
  const events: string[] = [];
  const beganMs = clock.now();
  const exec = async (_id: string, { command }: { readonly command: readonly string[] }): Promise<Session> => {
    const kind = command[0] ?? '';
    asked.push({ kind, at: (clock.now() - beganMs) / 1000 });
    const answer = answers[kind] ?? 0;
    if (answer === 'error') throw new Error('the engine is away');
    const never = Promise.withResolvers<void>();
    return {
      output: (async function* () {
        if (answer === 'never') await never.promise;
        yield* [];
      })(),
      write: async () => undefined,
      closeInput: () => undefined,
      resize: async () => undefined,
      exitCode: async () => (answer === 'never' ? 137 : answer),
      close: async () => never.resolve(),
    };
  };
  let changes = 0;
  const tally = createProbeTally();
  const current = { pod };
  const prober = new ContainerProber(
    {
      clock,
      random: () => 0.5,
      tally,
      events: { event: (_about, _type, reason, message) => void events.push(`${reason}: ${message}`) },
      onChange: () => {
        changes += 1;
      },
    },
    {
      pod: () => current.pod,
      target: { containerId: 'x', container: container('app', part), ip: '', runtime: { exec } as unknown as Runtime },
      startedAt: beganMs,
      ...options,
    },
  );
  return {
    ...{ clock, answers, asked, events, prober, current },
    counts: () => tally.counts().map(({ kind, outcome, count }) => `${kind} ${outcome} ${count}`),
    changes: () => changes,
    async pass(seconds: number) {
      await clock.advance(seconds * 1000);
      await settle();
    },
    times: (kind: string) => asked.filter((one) => one.kind === kind).map(({ at }) => at),
  };
}

const exec = (kind: ProbeKind, part: Partial<Probe> = {}): Probe => ({ exec: { command: [kind] }, ...part });

describe('times', () => {
  test('the first after initialDelaySeconds, then every periodSeconds (10 by default)', async () => {
    const { pass, times } = setUp({ readinessProbe: exec('readiness', { initialDelaySeconds: 15 }) });
    await pass(40);
    expect(times('readiness')).toEqual([15, 25, 35]);
  });
  test('at once without a delay', async () => {
    const { pass, times } = setUp({ readinessProbe: exec('readiness', { periodSeconds: 3 }) });
    await pass(7);
    expect(times('readiness')).toEqual([0, 3, 6]);
  });
  test('the longest delay there can be is waited for', async () => {
    const { pass, times } = setUp({ readinessProbe: exec('readiness', { initialDelaySeconds: 2 ** 31 - 1 }) });
    await pass(86_400);
    expect(times('readiness')).toEqual([]);
  });
  test('one that takes too long has failed, and says so', async () => {
    const { answers, pass, prober, events } = setUp({
      livenessProbe: exec('liveness', { timeoutSeconds: 2, failureThreshold: 1 }),
    });
    answers.liveness = 'never';
    await pass(1.9);
    expect(prober.health.failed).toBeUndefined();
    await pass(0.2);
    expect(prober.health.failed).toEqual({ probe: 'liveness' });
    expect(events).toEqual(['Unhealthy: Liveness probe failed: command timed out: "liveness" timed out after 2s']);
  });
  test('after an agent’s restart probes spread over their period', async () => {
    const adopted = { started: true, ready: true };
    const { pass, times } = setUp({ readinessProbe: exec('readiness') }, { adopted });
    await pass(16);
    expect(times('readiness')).toEqual([5, 15]);
  });
  test('none after it was stopped', async () => {
    const { pass, prober, asked, clock } = setUp({
      readinessProbe: exec('readiness'),
      livenessProbe: exec('liveness'),
    });
    await pass(5);
    prober.stop();
    const before = asked.length;
    await pass(100);
    expect(asked).toHaveLength(before);
    expect(clock.pending).toBe(0);
  });
});

describe('thresholds', () => {
  test('readiness comes and goes', async () => {
    const probe = exec('readiness', { successThreshold: 2, failureThreshold: 2, periodSeconds: 1 });
    const { answers, pass, prober } = setUp({ readinessProbe: probe });
    const ready: boolean[] = [];
    for (const code of [0, 0, 1, 0, 1, 1, 0, 0]) {
      answers.readiness = code;
      await pass(ready.length === 0 ? 0.5 : 1);
      ready.push(prober.health.ready);
    }
    expect(ready).toEqual([false, true, true, true, true, false, false, true]);
  });
  test('liveness fails after three in a row, with its own grace, and is asked no more', async () => {
    const probe = exec('liveness', { periodSeconds: 1, terminationGracePeriodSeconds: 7 });
    const { answers, pass, prober, times, changes } = setUp({ livenessProbe: probe });
    answers.liveness = 1;
    await pass(1.5);
    expect(prober.health).toEqual({ started: true, ready: true });
    await pass(1);
    expect(prober.health.failed).toEqual({ probe: 'liveness', graceMs: 7000 });
    expect(changes()).toBe(1);
    await pass(10);
    expect(times('liveness')).toHaveLength(3);
  });
  test('a probe that cannot be made counts for nothing', async () => {
    const { answers, pass, prober, events } = setUp({ livenessProbe: exec('liveness', { failureThreshold: 1 }) });
    answers.liveness = 'error';
    await pass(60);
    expect(prober.health.failed).toBeUndefined();
    expect(events[0]).toBe('Unhealthy: Liveness probe errored: the engine is away');
  });
});

describe('startup', () => {
  const all = {
    startupProbe: exec('startup', { periodSeconds: 1, failureThreshold: 5 }),
    livenessProbe: exec('liveness', { periodSeconds: 1 }),
    readinessProbe: exec('readiness', { periodSeconds: 1 }),
  };
  test('holds the others back, and is asked no more once it passed', async () => {
    const { answers, pass, prober, times } = setUp(all);
    answers.startup = 1;
    await pass(2.5);
    expect(prober.health).toEqual({ started: false, ready: false });
    expect([...times('liveness'), ...times('readiness')]).toEqual([]);
    answers.startup = 0;
    await pass(5);
    expect(prober.health).toEqual({ started: true, ready: true });
    expect(times('startup')).toEqual([0, 1, 2, 3]);
    expect(times('liveness').length).toBeGreaterThan(2);
  });
  test('that never passes fails the container', async () => {
    const { answers, pass, prober } = setUp(all);
    answers.startup = 1;
    await pass(4.5);
    expect(prober.health.failed).toEqual({ probe: 'startup' });
  });
  test('that had passed before the agent restarted is not asked again, ready or not', async () => {
    const { pass, prober, times } = setUp(all, { adopted: { started: true, ready: false } });
    expect(prober.health).toEqual({ started: true, ready: false });
    await pass(5);
    expect(times('startup')).toEqual([]);
    expect(prober.health).toEqual({ started: true, ready: true });
  });
});

test('a pod that is deleted is no longer judged alive or dead, but its readiness is', async () => {
  const one = setUp({
    livenessProbe: exec('liveness', { periodSeconds: 1 }),
    readinessProbe: exec('readiness', { periodSeconds: 1, failureThreshold: 1 }),
  });
  await one.pass(1.5);
  const { metadata } = one.current.pod;
  one.current.pod = { ...one.current.pod, metadata: { ...metadata, deletionTimestamp: '2026-01-02T03:04:05Z' } };
  one.answers.liveness = 1;
  one.answers.readiness = 1;
  await one.pass(10);
  expect(one.prober.health).toEqual({ started: true, ready: false });
});

describe('the machine', () => {
  const outcomes = fc.array(fc.constantFrom<Outcome>('success', 'failure', 'unknown'));
  test('changes its mind only after a whole run, and never for an unknown', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<ProbeKind>('startup', 'liveness', 'readiness'),
        outcomes,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (kind, list, successThreshold, failureThreshold) => {
          let state = initialState(kind);
          const known: Outcome[] = [];
          for (const outcome of list) {
            const before = state.result;
            state = nextState(state, outcome, { successThreshold, failureThreshold });
            if (outcome !== 'unknown') known.push(outcome);
            if (state.result === before) continue;
            const needed = state.result === 'success' ? successThreshold : failureThreshold;
            expect(known.slice(-needed)).toEqual(Array(needed).fill(state.result));
          }
        },
      ),
    );
  });
});
