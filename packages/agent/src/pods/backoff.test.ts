import { expect, test } from 'vitest';
import { nextBackoffMs, nextSetbackMs, restartAt } from './backoff.ts';
import { dead, startMs } from './testing/facts.ts';

test('ten seconds, doubled to five minutes; the first restart is at once', () => {
  const waits: number[] = [];
  let backoffMs = nextBackoffMs(undefined);
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const died = dead('app', 1, { attempt, backoffMs });
    waits.push(restartAt(died) - died.finishedAt);
    backoffMs = nextBackoffMs(died);
  }
  expect(waits).toEqual([0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
});

test('forgotten after more than ten minutes of running', () => {
  const ran = (ms: number) => dead('app', 1, { backoffMs: 300_000, finishedAt: startMs + ms });
  expect(restartAt(ran(600_000))).toBe(startMs + 900_000);
  expect(restartAt(ran(600_001))).toBe(startMs + 600_001);
  expect(nextBackoffMs(ran(600_001))).toBe(10_000);
});

test('a damaged label is no wait', () => {
  const died = dead('app', 1);
  const labels = { ...died.labels, 'io.skiff.container.backoff-ms': '-5' };
  expect(restartAt({ ...died, labels })).toBe(died.finishedAt);
});

test('a setback climbs the same ladder from its first step', () => {
  const waits = [undefined, 10_000, 160_000, 300_000].map(nextSetbackMs);
  expect(waits).toEqual([10_000, 20_000, 300_000, 300_000]);
});
