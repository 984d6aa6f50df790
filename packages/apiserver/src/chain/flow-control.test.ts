import { isReason } from '@skiff/api';
import { createStepClock } from '@skiff/client/testing';
import { describe, expect, it } from 'vitest';
import { createFlowControl, seatsFor } from './flow-control.ts';

const limits = { seats: { mutating: 1, readOnly: 10 }, queue: 2, maxWaitMs: 100, longRunning: 2 };
const { signal } = new AbortController();
const isTooMany = (error: unknown): boolean =>
  isReason(error, 'TooManyRequests') && error.status.details?.retryAfterSeconds === 1;

describe('seats', () => {
  it('are as many as a request costs, and never more than ten', () => {
    expect([0, 1, 500, 501, 100_000].map(seatsFor)).toEqual([1, 1, 1, 2, 10]);
  });

  it('H-241 of dear requests are given in turn, and who waits too long or behind too many is told to come again', async () => {
    const clock = createStepClock();
    const flow = createFlowControl(limits, clock);
    const leave = await flow.enter('readOnly', 10, signal);
    expect(flow.inFlight('readOnly')).toBe(10);
    const order: string[] = [];
    const dear = flow.enter('readOnly', 10, signal).then((done) => {
      order.push('dear');
      return done;
    });
    const cheap = flow.enter('readOnly', 1, signal).then((done) => {
      order.push('cheap');
      return done;
    });
    await expect(flow.enter('readOnly', 1, signal)).rejects.toSatisfy(isTooMany);
    leave();
    leave();
    const done = await dear;
    expect([order, flow.inFlight('readOnly')]).toEqual([['dear'], 10]);
    done();
    (await cheap)();
    expect([order, flow.inFlight('readOnly')]).toEqual([['dear', 'cheap'], 0]);
    await flow.enter('mutating', 1, signal);
    const late = flow.enter('mutating', 1, signal);
    clock.step(101);
    await expect(late).rejects.toSatisfy(isTooMany);
    expect(clock.pending).toBe(0);
  });

  it('that cost more than there are go to one request alone', async () => {
    const flow = createFlowControl(limits, createStepClock());
    const leave = await flow.enter('mutating', 5, signal);
    leave();
    expect(flow.inFlight('mutating')).toBe(0);
  });
});

it('H-242 watches are counted for each user', () => {
  const flow = createFlowControl(limits, createStepClock());
  const end = flow.enterLongRunning('jane');
  flow.enterLongRunning('jane');
  expect(() => flow.enterLongRunning('jane')).toThrow(expect.toSatisfy(isTooMany));
  flow.enterLongRunning('bob');
  end();
  end();
  flow.enterLongRunning('jane');
  expect(() => flow.enterLongRunning('jane')).toThrow('Too many requests');
});
