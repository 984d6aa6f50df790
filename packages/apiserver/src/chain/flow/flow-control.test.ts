import { type FlowSchema, isReason, type PriorityLevelConfiguration } from '@skiff/api';
import { createStepClock } from '@skiff/client/testing';
import { describe, expect, it } from 'vitest';
import type { UserInfo } from '../../registry/contract.ts';
import type { Attributes } from '../attributes.ts';
import { type Asked, type Classification, createFlowControl, type FlowControl, seatsFor } from './flow-control.ts';

const { signal } = new AbortController();
const limits = { seats: 10, longRunning: 2 };
const jane: UserInfo = { name: 'jane', uid: '', groups: ['system:authenticated'], extra: {} };
const listPods: Attributes = {
  ...{ type: 'resource', verb: 'list', group: '', version: 'v1', resource: 'pods' },
  ...{ subresource: '', namespace: 'a', name: '' },
};
const asked = (more: Partial<Asked> = {}): Asked => ({
  ...{ user: jane, attributes: listPods, seats: 1, waitMs: 100, signal, classified: undefined },
  ...more,
});
const isTooMany =
  (seconds: number) =>
  (error: unknown): boolean =>
    isReason(error, 'TooManyRequests') && error.status.details?.retryAfterSeconds === seconds;

/** A level of one queue that has all seats but the one of catch-all, and everyone in it. */
const schema = {
  metadata: { name: 'all', uid: 'schema-uid' },
  spec: {
    ...{ matchingPrecedence: 5, priorityLevelConfiguration: { name: 'one' }, distinguisherMethod: { type: 'ByUser' } },
    rules: [
      {
        subjects: [{ kind: 'Group', group: { name: 'system:authenticated' } }],
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true }],
      },
    ],
  },
} as unknown as FlowSchema;
const level = {
  metadata: { name: 'one', uid: 'level-uid' },
  spec: {
    type: 'Limited',
    limited: {
      ...{ nominalConcurrencyShares: 5, lendablePercent: 0, borrowingLimitPercent: 0 },
      limitResponse: { type: 'Queue', queuing: { queues: 1, handSize: 1, queueLengthLimit: 2 } },
    },
  },
} as unknown as PriorityLevelConfiguration;

function configured(): { readonly flow: FlowControl; readonly clock: ReturnType<typeof createStepClock> } {
  const clock = createStepClock();
  const flow = createFlowControl(limits, clock);
  flow.configure([schema], [level]);
  return { flow, clock };
}

it('a request costs what it reads, and never more than ten seats', () => {
  expect([0, 1, 100, 101, 100_000].map(seatsFor)).toEqual([1, 1, 1, 2, 10]);
});

describe('seats', () => {
  it('are given at once while there are some, and who asks is told where it belongs', async () => {
    const { flow } = configured();
    const seen: Classification[] = [];
    const leave = await flow.enter(asked({ classified: (one) => void seen.push(one) }));
    expect(seen).toEqual([{ schemaUid: 'schema-uid', levelUid: 'level-uid' }]);
    expect([flow.inFlight('readOnly'), flow.inFlight('mutating')]).toEqual([1, 0]);
    leave();
    leave();
    expect(flow.inFlight('readOnly')).toBe(0);
  });

  it('H-241 are given in turn; who waits too long or behind too many is told to come again', async () => {
    const { flow, clock } = configured();
    const held = [];
    for (let turn = 0; turn < 5; turn++) held.push(await flow.enter(asked()));
    const first = Promise.resolve(flow.enter(asked()));
    const second = Promise.resolve(flow.enter(asked({ waitMs: 50 })));
    expect(() => flow.enter(asked())).toThrow(expect.toSatisfy(isTooMany(1)));
    expect(flow.levels().find(({ name }) => name === 'one')?.waiting).toBe(2);
    clock.step(51);
    await expect(second).rejects.toSatisfy(isTooMany(1));
    held[0]?.();
    (await first)();
    for (const leave of held) leave();
    expect(flow.inFlight('readOnly')).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('are not kept for one who left while waiting', async () => {
    const { flow, clock } = configured();
    const held = [];
    for (let turn = 0; turn < 5; turn++) held.push(await flow.enter(asked()));
    const gone = new AbortController();
    const waiting = Promise.resolve(flow.enter(asked({ signal: gone.signal })));
    gone.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
    for (const leave of held) leave();
    expect([flow.levels().find(({ name }) => name === 'one')?.seatsInUse, clock.pending]).toEqual([0, 0]);
  });

  it('of the exempt level have no end', async () => {
    const { flow } = configured();
    const root = { ...jane, groups: ['system:masters'] };
    for (let turn = 0; turn < 50; turn++) await flow.enter(asked({ user: root, seats: 10 }));
    await flow.enter(asked());
  });

  it('are those of catch-all for whom no schema knows', async () => {
    const flow = createFlowControl(limits, createStepClock());
    for (let turn = 0; turn < 10; turn++) await flow.enter(asked());
    expect(() => flow.enter(asked())).toThrow(expect.toSatisfy(isTooMany(1)));
  });

  it('move where they are wanted while others do not use them', async () => {
    const clock = createStepClock();
    const flow = createFlowControl(limits, clock);
    const { limited } = level.spec;
    const generous = (name: string) =>
      ({
        metadata: { name },
        spec: { type: 'Limited', limited: { ...limited, lendablePercent: 100, borrowingLimitPercent: undefined } },
      }) as unknown as PriorityLevelConfiguration;
    flow.configure([schema], [generous('one'), generous('idle')]);
    const before = flow.levels().find(({ name }) => name === 'one')?.limit ?? 0;
    const ending = new AbortController();
    const done = flow.run(ending.signal);
    for (let turn = 0; turn < before; turn++) await flow.enter(asked());
    const waiting = Promise.resolve(flow.enter(asked({ waitMs: 60_000 })));
    await clock.advance(20_000);
    await waiting;
    expect(flow.levels().find(({ name }) => name === 'one')?.limit).toBeGreaterThan(before);
    ending.abort();
    await done;
  });
});

it('H-242 watches are counted for each user', () => {
  const { flow } = configured();
  const end = flow.enterLongRunning('jane');
  flow.enterLongRunning('jane');
  expect(() => flow.enterLongRunning('jane')).toThrow(expect.toSatisfy(isTooMany(1)));
  flow.enterLongRunning('bob');
  end();
  end();
  flow.enterLongRunning('jane');
  expect(() => flow.enterLongRunning('jane')).toThrow('Too many requests');
});
