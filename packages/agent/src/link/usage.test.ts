import { describe, expect, it } from 'vitest';
import { parseHostUsage } from './host-usage.ts';
import { type History, nanoCores, remember, type Sample } from './usage.ts';

const at = (seconds: number, cpuSeconds: number): Sample => ({
  ...{ time: seconds * 1000, cpuNanoseconds: BigInt(Math.round(cpuSeconds * 1e9)) },
  ...{ memoryUsageBytes: 1, memoryWorkingSetBytes: 1 },
});
const after = (...samples: Sample[]): History => samples.reduce(remember, [] as History);

describe('a rate', () => {
  it.each<[string, History, Sample, number | undefined]>([
    ['none at first', [], at(100, 50), undefined],
    ['half a core', after(at(90, 45)), at(100, 50), 500_000_000],
    ['none over too short a time', after(at(98, 45)), at(100, 50), undefined],
    ['by the newest sample that is old enough', after(at(60, 0), at(90, 45)), at(100, 50), 500_000_000],
    ['by an older one when askers come together', after(at(80, 40), at(98, 49)), at(100, 50), 500_000_000],
    ['none after the counter began anew', after(at(90, 45)), at(100, 1), undefined],
  ])('is %s', (_, history, now, expected) => {
    expect(nanoCores(history, now)).toBe(expected);
  });

  it('remembers two samples at most, five seconds apart', () => {
    const history = after(at(0, 0), at(1, 1), at(4, 4), at(5, 5), at(9, 9), at(20, 20));
    expect(history.map(({ time }) => time)).toEqual([5000, 20_000]);
  });
});

describe('the host', () => {
  const stat = 'cpu  100 20 30 5000 70 1 2 3 0 0\ncpu0 50 10 15 2500 35 0 1 1 0 0\nintr 1\n';
  const meminfo =
    'MemTotal:       1000 kB\nMemFree:         300 kB\nInactive(anon):   10 kB\nInactive(file):  200 kB\n';

  it('counts what is neither idle nor waiting, and memory without inactive files', () => {
    expect(parseHostUsage(7, stat, meminfo)).toEqual({
      ...{ time: 7, cpuNanoseconds: 1_560_000_000n, memoryTotalBytes: 1_024_000 },
      ...{ memoryUsageBytes: 716_800, memoryWorkingSetBytes: 512_000 },
    });
  });

  it('throws for a file that is not what it should be', () => {
    expect(() => parseHostUsage(7, stat, '')).toThrow('MemTotal');
  });
});
