import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createQueueSet, type Shape, type Ticket } from './queue-set.ts';

const queued: Shape = { queues: 64, handSize: 6, queueLengthLimit: 50 };
const flow = (distinguisher: string) => ({ schema: 'some', distinguisher });

describe('a level without queues', () => {
  it('lets in what fits and refuses the rest', () => {
    const set = createQueueSet({ queues: 0, handSize: 0, queueLengthLimit: 0 }, 2, 0);
    const first = set.start(flow('a'), 2, 0);
    expect(first?.state).toBe('running');
    expect(set.start(flow('b'), 1, 0)).toBeUndefined();
    if (first !== undefined) set.finish(first, 5);
    expect(set.start(flow('b'), 5, 5)?.state).toBe('running');
  });

  it('lets in everything when it is exempt', () => {
    const set = createQueueSet({ queues: -1, handSize: 0, queueLengthLimit: 0 }, 0, 0);
    for (let turn = 0; turn < 100; turn++) expect(set.start(flow('a'), 10, 0)?.state).toBe('running');
    expect(set.seatsInUse).toBe(1000);
  });
});

describe('a level with queues', () => {
  it('refuses a flow whose queues are full, and no other', () => {
    const set = createQueueSet({ queues: 8, handSize: 1, queueLengthLimit: 2 }, 1, 0);
    const states = Array.from({ length: 4 }, () => set.start(flow('a'), 1, 0)?.state);
    expect(states).toEqual(['running', 'waiting', 'waiting', undefined]);
    const others = ['b', 'c', 'd', 'e', 'f'].map((name) => set.start(flow(name), 1, 0)?.state);
    expect(others).toContain('waiting');
  });

  it('serves a flow that asks little soon, however much another asks', () => {
    const set = createQueueSet(queued, 4, 0);
    const done: string[] = [];
    const running: Ticket[] = [];
    const ask = (name: string, nowMs: number): void => {
      const ticket = set.start(flow(name), 1, nowMs);
      if (ticket === undefined) return;
      const begin = (): void => {
        done.push(name);
        running.push(ticket);
      };
      if (ticket.state === 'running') begin();
      else ticket.granted = begin;
    };
    for (let turn = 0; turn < 200; turn++) ask('flood', 0);
    ask('mouse', 10);
    ask('mouse', 10);
    for (let nowMs = 20; done.length < 20; nowMs += 5) {
      for (const ticket of running.splice(0)) set.finish(ticket, nowMs);
    }
    expect(done.indexOf('mouse')).toBeLessThan(4 + 7 + 1);
    expect(done.filter((name) => name === 'mouse')).toHaveLength(2);
  });

  it('gives a withdrawn request no seat, and its place to who waits behind it', () => {
    const set = createQueueSet({ queues: 1, handSize: 1, queueLengthLimit: 9 }, 2, 0);
    const first = set.start(flow('a'), 1, 0);
    const dear = set.start(flow('a'), 2, 0);
    const cheap = set.start(flow('a'), 1, 0);
    expect([first?.state, dear?.state, cheap?.state]).toEqual(['running', 'waiting', 'waiting']);
    if (dear !== undefined) set.withdraw(dear, 1);
    expect([dear?.state, cheap?.state, set.waiting]).toEqual(['gone', 'running', 0]);
  });

  it('dispatches when its limit grows', () => {
    const set = createQueueSet(queued, 1, 0);
    const tickets = Array.from({ length: 5 }, (_, index) => set.start(flow(String(index)), 1, 0));
    set.setLimit(3, 1);
    expect(tickets.filter((ticket) => ticket?.state === 'running')).toHaveLength(3);
  });

  it('drains what waits in queues that its new shape has not', () => {
    const set = createQueueSet({ queues: 100, handSize: 1, queueLengthLimit: 5 }, 1, 0);
    const tickets = Array.from({ length: 20 }, (_, index) => set.start(flow(String(index)), 1, 0));
    set.reshape({ queues: 1, handSize: 1, queueLengthLimit: 5 });
    for (let nowMs = 1; !set.idle; nowMs++)
      for (const ticket of tickets) if (ticket?.state === 'running') set.finish(ticket, nowMs);
    expect(tickets.every((ticket) => ticket?.state === 'gone')).toBe(true);
  });
});

it('never takes more seats than there are unless one request alone is dearer, never leaves a seat free that fits, loses nobody', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('start' as const), flow: fc.nat(6), seats: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ do: fc.constant('finish' as const), which: fc.nat(50) }),
    fc.record({ do: fc.constant('withdraw' as const), which: fc.nat(50) }),
    fc.record({ do: fc.constant('limit' as const), limit: fc.integer({ min: 1, max: 8 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const set = createQueueSet({ queues: 6, handSize: 2, queueLengthLimit: 3 }, 4, 0);
      const tickets: Ticket[] = [];
      let limit = 4;
      const in_ = (state: Ticket['state']) => tickets.filter((ticket) => ticket.state === state);
      for (const [nowMs, one] of steps.entries()) {
        const before = set.seatsInUse;
        if (one.do === 'start') {
          const ticket = set.start(flow(String(one.flow)), one.seats, nowMs);
          if (ticket !== undefined) tickets.push(ticket);
        } else if (one.do === 'limit') {
          limit = one.limit;
          set.setLimit(limit, nowMs);
        } else {
          const some = in_(one.do === 'finish' ? 'running' : 'waiting');
          const ticket = some[one.which % Math.max(1, some.length)];
          if (ticket !== undefined) set[one.do](ticket, nowMs);
        }
        const running = in_('running');
        expect(set.seatsInUse).toBe(running.reduce((sum, { seats }) => sum + seats, 0));
        expect(set.waiting).toBe(in_('waiting').length);
        expect(set.seatsInUse <= Math.max(limit, before) || running.length === 1).toBe(true);
        if (set.waiting > 0) expect(set.seatsInUse > 0).toBe(true);
      }
      for (let nowMs = 1000; !set.idle; nowMs++) for (const ticket of in_('running')) set.finish(ticket, nowMs);
      expect(tickets.every(({ state }) => state === 'gone')).toBe(true);
    }),
  );
});
