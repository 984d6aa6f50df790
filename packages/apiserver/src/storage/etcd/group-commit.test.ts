import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createStepClock } from '../../registry/testing.ts';
import { StoreError } from '../contract.ts';
import { Batcher } from './batcher.ts';
import { takeWrites } from './group-commit.ts';
import { type GuardedWrite, putWrite, type WriteOutcome } from './writes.ts';

interface Commit {
  readonly keys: readonly string[];
  answer(): void;
  fail(error: StoreError): void;
}

/** A committer whose transactions end when the test says so. */
function held() {
  const commits: Commit[] = [];
  const clock = createStepClock();
  const group = new Batcher<GuardedWrite, WriteOutcome>({
    clock,
    take: takeWrites,
    run: (writes) =>
      new Promise<readonly WriteOutcome[]>((resolve, reject) => {
        commits.push({
          keys: writes.map(({ key }) => key),
          answer: () => resolve(writes.map(({ expected }) => ({ done: true, version: expected }))),
          fail: reject,
        });
      }),
  });
  return { commits, clock, group };
}

const write = (key: string, bytes = 10): GuardedWrite => putWrite(key, 'x'.repeat(bytes), 0n);
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('takeWrites', () => {
  test('bounds count, bytes and slots, keeps the order of each slot, loses nothing', () => {
    const writes = fc.array(fc.record({ slot: fc.nat(200), bytes: fc.nat(400_000) }), { maxLength: 300 });
    fc.assert(
      fc.property(writes, (list) => {
        let waiting: readonly { readonly index: number; readonly request: GuardedWrite }[] = list.map((one, index) => ({
          index,
          request: { ...write('k'), ...one },
        }));
        const taken: { readonly index: number }[] = [];
        while (waiting.length > 0) {
          const { batch, rest } = takeWrites(waiting);
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.length).toBeLessThanOrEqual(100);
          expect(new Set(batch.map((one) => one.request.slot)).size).toBe(batch.length);
          if (batch.length > 1)
            expect(batch.reduce((sum, one) => sum + one.request.bytes, 0)).toBeLessThanOrEqual(1024 * 1024);
          expect(batch).toEqual([...batch].sort((a, b) => a.request.slot - b.request.slot));
          for (const one of batch)
            expect(rest.some((left) => left.request.slot === one.request.slot && left.index < one.index)).toBe(false);
          taken.push(...batch);
          waiting = rest;
        }
        expect(taken.map((one) => one.index).sort((a, b) => a - b)).toEqual(list.map((_, index) => index));
      }),
    );
  });
});

describe('group commit', () => {
  test('a lone write goes at once and alone', () => {
    const { commits, group } = held();
    void group.submit(write('a'));
    expect(commits.map(({ keys }) => keys)).toEqual([['a']]);
  });

  test('what comes while transactions are in flight shares the next one', async () => {
    const { commits, group } = held();
    const all = ['a', 'b', 'c', 'd', 'e'].map((key) => group.submit(write(key)));
    expect(commits.map(({ keys }) => keys)).toEqual([['a'], ['b']]);
    commits[0]?.answer();
    await settled();
    expect([...(commits[2]?.keys ?? [])].sort()).toEqual(['c', 'd', 'e']);
    for (const commit of commits) commit.answer();
    expect(await Promise.all(all)).toHaveLength(5);
  });

  test('two writes of one key never share a transaction', async () => {
    const { commits, group } = held();
    for (const key of ['a', 'b', 'c', 'c', 'd']) void group.submit(write(key));
    commits[0]?.answer();
    await settled();
    commits[1]?.answer();
    await settled();
    expect(commits.slice(2).map(({ keys }) => [...keys].sort())).toEqual([['c', 'd'], ['c']]);
  });

  test('a transaction refused as too large is taken apart: only the write at fault fails', async () => {
    const { commits, group } = held();
    const all = ['a', 'b', 'c', 'd'].map((key) => group.submit(write(key)).catch((error: StoreError) => error.code));
    commits[0]?.answer();
    await settled();
    const tooLarge = new StoreError('too-large', '', 'request is too large');
    commits[2]?.fail(tooLarge);
    await settled();
    expect(commits.slice(3).map(({ keys }) => keys)).toHaveLength(2);
    for (const commit of commits.slice(3)) {
      if (commit.keys[0] === 'c') commit.fail(tooLarge);
      else commit.answer();
    }
    commits[1]?.answer();
    expect(await Promise.all(all)).toEqual([expect.anything(), expect.anything(), 'too-large', expect.anything()]);
  });

  test('an unknown outcome is every write own, and nothing is sent again here', async () => {
    const { commits, group } = held();
    const all = ['a', 'b', 'c', 'd'].map((key) => group.submit(write(key)).catch((error: StoreError) => error.code));
    commits[0]?.answer();
    await settled();
    commits[1]?.answer();
    commits[2]?.fail(new StoreError('unknown-outcome', '', 'no answer'));
    expect((await Promise.all(all)).slice(2)).toEqual(['unknown-outcome', 'unknown-outcome']);
    expect(commits).toHaveLength(3);
  });

  test('a write that waits too long is given up without having been sent', async () => {
    const { commits, clock, group } = held();
    const all = ['a', 'b', 'late'].map((key) => group.submit(write(key)).catch((error: StoreError) => error.code));
    clock.step(6000);
    commits[0]?.answer();
    commits[1]?.answer();
    expect((await Promise.all(all))[2]).toBe('unavailable');
    expect(commits).toHaveLength(2);
  });

  test('the queue is bounded', async () => {
    const { group } = held();
    for (let index = 0; index < 10_002; index += 1) void group.submit(write(`k${index}`));
    await expect(group.submit(write('more'))).rejects.toMatchObject({ code: 'unavailable' });
  });
});
