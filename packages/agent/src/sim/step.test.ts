import { findCondition, type Pod } from '@skiff/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { container, podWith, sidecar } from '../pods/testing/facts.ts';
import { adopt } from './adopt.ts';
import type { Habits } from './habits.ts';
import { slimPod } from './slim.ts';
import { Course, startMs, worldOf } from './testing.ts';

const minute = 60_000;

/** The pod after `ms`, left to itself. */
function after(ms: number, spec: Partial<Pod['spec']>, habits: Partial<Habits> = {}, seed = 1): Course {
  const course = new Course(podWith(spec), worldOf(habits, seed));
  course.run(ms);
  return course;
}

const probed = container('app', { readinessProbe: { httpGet: { port: 80 } } });

describe('a pod left to itself', () => {
  test('is pending, then runs, then is ready; and then rests', () => {
    const course = after(minute, { containers: [probed] });
    const phases = course.statuses.map(
      ({ status }) => `${status.phase} ${findCondition(status.conditions, 'Ready')?.status}`,
    );
    expect([...new Set(phases)]).toEqual(['Pending False', 'Running False', 'Running True']);
    expect(course.status).toMatchObject({ podIP: '10.128.0.2', containerStatuses: [{ restartCount: 0, ready: true }] });
    const looks = course.statuses.length;
    course.run(60 * minute);
    expect(course.statuses).toHaveLength(looks + 1);
  });

  test.each<[string, Partial<Pod['spec']>, Partial<Habits>, object]>([
    ['a job succeeds', { restartPolicy: 'Never' }, {}, { phase: 'Succeeded' }],
    ['a job that crashes fails', { restartPolicy: 'Never' }, { crashes: 1000 }, { phase: 'Failed' }],
    [
      'init containers come first',
      { initContainers: [container('first'), sidecar('side'), container('second')] },
      {},
      {
        phase: 'Running',
        initContainerStatuses: [
          { state: { terminated: { exitCode: 0 } } },
          { state: { running: {} } },
          { state: { terminated: { exitCode: 0 } } },
        ],
      },
    ],
    [
      'an image that never comes',
      {},
      { failedPulls: 1000 },
      { phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ImagePullBackOff' } } }] },
    ],
    ['its deadline ends it', { activeDeadlineSeconds: 20 }, {}, { phase: 'Failed', reason: 'DeadlineExceeded' }],
  ])('%s', (_, spec, habits, expected) => {
    expect(after(10 * minute, spec, habits).status).toMatchObject(expected);
  });

  test('one that crashes is restarted, ever more slowly', () => {
    const course = after(60 * minute, {}, { crashes: 1000, crashMs: [1000, 1000] });
    const [status] = course.status.containerStatuses ?? [];
    // At once, then after 10, 20, 40, 80 and 160 s, then every 300 s.
    expect(status?.restartCount).toBeGreaterThan(12);
    expect(status?.restartCount).toBeLessThan(20);
    expect(
      course.statuses.some(
        ({ status: one }) => one.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff',
      ),
    ).toBe(true);
  });
});

describe('deletion', () => {
  test('stops the containers within their grace, says so, and forgets the pod', () => {
    const course = after(minute, {});
    course.delete(30);
    course.run(2 * minute);
    expect(course.forgotten).toBe(true);
    expect(course.status).toMatchObject({
      phase: 'Succeeded',
      containerStatuses: [{ state: { terminated: { exitCode: 0 } } }],
    });
  });

  test('kills what does not stop in time', () => {
    const course = after(minute, {}, { stopMs: [90_000, 90_000] });
    course.delete(5);
    course.run(2 * minute);
    expect(course.forgotten).toBe(true);
    const ended = course.status.containerStatuses?.[0]?.state?.terminated;
    expect(ended).toMatchObject({
      exitCode: 137,
      finishedAt: new Date(startMs + minute + 5000).toISOString().replace('.000', ''),
    });
  });

  test('of a pod that has not begun takes nothing', () => {
    const course = new Course(podWith({}), worldOf());
    course.delete(0);
    course.run(minute);
    expect(course.forgotten).toBe(true);
  });
});

test('one that is simulated anew goes on as it was', () => {
  const before = after(minute, { containers: [probed], initContainers: [container('first')] });
  const pod = slimPod(before.pod);
  const course = new Course(pod, worldOf(), adopt(pod, startMs + 2 * minute, worldOf()));
  course.now = startMs + 2 * minute;
  course.run(3 * minute);
  expect(course.status).toEqual(before.status);
});

const anySpec = fc.record({
  restartPolicy: fc.constantFrom('Always' as const, 'OnFailure' as const, 'Never' as const),
  init: fc.integer({ min: 0, max: 2 }),
  apps: fc.integer({ min: 1, max: 3 }),
});

test('whatever chance does: phases only climb, restarts only grow, and a deleted pod goes within its grace', () => {
  fc.assert(
    fc.property(
      anySpec,
      fc.nat(),
      fc.nat(1000),
      fc.nat(300_000),
      ({ restartPolicy, init, apps }, seed, wildness, deleteAt) => {
        const spec = {
          restartPolicy,
          initContainers: Array.from({ length: init }, (_, index) => container(`i${index}`)),
          containers: Array.from({ length: apps }, (_, index) => ({ ...probed, name: `a${index}` })),
        };
        const course = after(deleteAt, spec, { crashes: wildness, failedPulls: wildness }, seed);
        course.delete(10);
        const deletedAt = course.now;
        course.run(deleteAt + 60_000);
        const rank = ['Pending', 'Running', 'Succeeded', 'Failed'];
        let last = { rank: 0, restarts: 0 };
        for (const { status } of course.statuses) {
          const restarts = (status.containerStatuses ?? []).reduce((sum, one) => sum + one.restartCount, 0);
          expect(rank.indexOf(status.phase ?? '')).toBeGreaterThanOrEqual(last.rank);
          expect(restarts).toBeGreaterThanOrEqual(last.restarts);
          last = { rank: rank.indexOf(status.phase ?? ''), restarts };
        }
        expect(course.forgotten).toBe(true);
        expect(course.statuses.at(-1)?.at).toBeLessThanOrEqual(deletedAt + 10_001);
      },
    ),
    { numRuns: 200 },
  );
});

test('the same seed gives the same course, another one another', () => {
  const course = (seed: number) => after(30 * minute, {}, { crashes: 500, failedPulls: 300 }, seed).statuses;
  expect(course(7)).toEqual(course(7));
  expect(course(7)).not.toEqual(course(8));
});
