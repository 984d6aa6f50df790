import type { Pod } from '@skiff/api';
import { createStepClock, type Part, pod, settle } from '@skiff/client/testing';
import { expect, test } from 'vitest';
import { SchedulingQueue } from './queue.ts';

const important = (priority: number): Part<Pod> => ({ spec: { priority } });
const uid = (name: string): string => `uid-of-${name}`;

function setup() {
  const clock = createStepClock(0);
  const queue = new SchedulingQueue(clock);
  const took: string[] = [];
  const reading = (async () => {
    for (let next = await queue.next(); next !== undefined; next = await queue.next()) {
      took.push(next.metadata.name);
    }
  })();
  /** What is taken now. */
  const taken = async (): Promise<string[]> => {
    await settle();
    return took.splice(0);
  };
  return { clock, queue, taken, reading };
}

test('the most important first, then the one that waits longest', async () => {
  const clock = createStepClock(0);
  const queue = new SchedulingQueue(clock);
  for (const [name, priority] of [
    ['a', 0],
    ['b', 5],
    ['c', 5],
    ['d', 10],
  ] as const) {
    queue.add(pod(name, important(priority)));
    clock.step(1);
  }
  const names = [await queue.next(), await queue.next(), await queue.next(), await queue.next()].map(
    (one) => one?.metadata.name,
  );
  expect(names).toEqual(['d', 'b', 'c', 'a']);
});

test('a pod that fits nowhere waits for a change that helps it, and for its backoff', async () => {
  const { clock, queue, taken } = setup();
  queue.add(pod('a'));
  expect(await taken()).toEqual(['a']);
  queue.unschedulable(uid('a'));
  queue.changed((one) => one.metadata.name === 'other');
  clock.step(60_000);
  expect(await taken()).toEqual([]);
  queue.changed();
  expect(await taken()).toEqual(['a']);
  queue.unschedulable(uid('a'));
  queue.changed();
  clock.step(1999);
  expect(await taken()).toEqual([]);
  clock.step(1);
  expect(await taken()).toEqual(['a']);
});

test('the backoff doubles from one second to ten', async () => {
  const { clock, queue, taken } = setup();
  queue.add(pod('a'));
  const waits: number[] = [];
  for (let turn = 0; turn < 6; turn += 1) {
    await taken();
    queue.failed(uid('a'));
    const fromMs = clock.now();
    while (queue.length > 0 && (await taken()).length === 0) clock.step(100);
    waits.push(clock.now() - fromMs);
  }
  expect(waits).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test('a change while the pod is tried brings it back; without one a flush after five minutes does', async () => {
  const { clock, queue, taken } = setup();
  queue.add(pod('a'));
  await taken();
  queue.changed();
  queue.unschedulable(uid('a'));
  clock.step(1000);
  expect(await taken()).toEqual(['a']);
  queue.unschedulable(uid('a'));
  clock.step(299_000);
  expect(await taken()).toEqual([]);
  clock.step(1000);
  expect(await taken()).toEqual(['a']);
});

test('a changed pod is tried at once; its newest state alone is no reason', async () => {
  const { queue, taken, clock } = setup();
  queue.add(pod('a'));
  await taken();
  queue.unschedulable(uid('a'));
  queue.refresh(pod('a', important(7)));
  clock.step(10_000);
  expect(await taken()).toEqual([]);
  queue.add(pod('a', important(8)));
  expect(await taken()).toEqual(['a']);
});

test('a pod that changes or goes while it is tried', async () => {
  const { queue, taken, clock } = setup();
  queue.add(pod('a'));
  queue.add(pod('b'));
  await taken();
  queue.add(pod('a', important(1)));
  queue.unschedulable(uid('a'));
  queue.remove(uid('b'));
  queue.unschedulable(uid('b'));
  clock.step(400_000);
  expect(await taken()).toEqual(['a']);
  queue.done(uid('a'));
  expect(queue.length).toBe(0);
});

test('a pod that goes is forgotten wherever it waits', async () => {
  const { queue, taken, clock } = setup();
  for (const name of ['active', 'backoff', 'unschedulable']) queue.add(pod(name));
  await taken();
  queue.failed(uid('backoff'));
  queue.unschedulable(uid('unschedulable'));
  for (const name of ['backoff', 'unschedulable', 'active']) queue.remove(uid(name));
  clock.step(400_000);
  expect(await taken()).toEqual([]);
  expect(queue.length).toBe(0);
  expect(clock.pending).toBe(0);
});

test('closing ends whoever waits, and every timer', async () => {
  const { queue, taken, clock, reading } = setup();
  queue.add(pod('a'));
  queue.add(pod('b'));
  await taken();
  queue.failed(uid('a'));
  queue.unschedulable(uid('b'));
  queue.add(pod('c'));
  await taken();
  queue.close();
  queue.unschedulable(uid('c'));
  await reading;
  expect(clock.pending).toBe(0);
});
