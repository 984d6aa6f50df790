import { describe, expect, test } from 'vitest';
import type { HostFacts } from '../node/status.ts';
import { hostFacts } from '../node/testing.ts';
import { defaultThresholds, met, observe, parseThresholds, press, transitionMs } from './thresholds.ts';

const gib = 1024 ** 3;
const thresholds = parseThresholds(defaultThresholds);

describe('thresholds', () => {
  test('are quantities or shares', () => {
    expect(parseThresholds('memory.available<100Mi, nodefs.available<10%')).toEqual({
      'memory.available': { amount: 100 * 1024 ** 2 },
      'nodefs.available': { share: 0.1 },
    });
    expect(parseThresholds('')).toEqual({});
  });
  test.each(['memory.free<1Gi', 'memory.available', 'memory.available<much', 'nodefs.available<101%', 'a<1<2'])(
    'that make no sense are refused: %s',
    (text) => {
      expect(() => parseThresholds(text)).toThrow(`eviction threshold "${text}"`);
    },
  );
});

describe('what a host lacks', () => {
  const host = hostFacts();
  const cases: readonly (readonly [string, Partial<HostFacts>, readonly string[]])[] = [
    ['nothing', {}, []],
    ['memory', { memoryAvailableBytes: 99 * 1024 ** 2 }, ['memory.available']],
    ['exactly enough memory', { memoryAvailableBytes: 100 * 1024 ** 2 }, []],
    ['room for volumes', { nodefs: { ...host.nodefs, availableBytes: 9 * gib } }, ['nodefs.available']],
    ['room for images', { imagefs: { ...host.imagefs, availableBytes: 14 * gib } }, ['imagefs.available']],
    ['inodes', { nodefs: { ...host.nodefs, inodesFree: 49_999 } }, ['nodefs.inodesFree']],
    ['inodes, where none are counted', { nodefs: { ...host.nodefs, inodes: 0, inodesFree: 0 } }, []],
    ['process ids', { pids: 32_000 }, ['pid.available']],
    [
      'memory before disk',
      { memoryAvailableBytes: 0, imagefs: { ...host.imagefs, availableBytes: 0 } },
      ['memory.available', 'imagefs.available'],
    ],
  ];
  test.each(cases)('%s', (_name, part, expected) => {
    expect(met(thresholds, observe({ ...host, ...part }))).toEqual(expected);
  });
  test('nothing, when nothing is asked for', () => {
    expect(met({}, observe({ ...host, memoryAvailableBytes: 0 }))).toEqual([]);
  });
});

test('a pressure lasts five minutes after it was last seen', () => {
  const first = press({}, ['nodefs.available'], 1000);
  expect(first).toEqual({ DiskPressure: 1000 });
  expect(press(first, [], 1000 + transitionMs - 1)).toEqual(first);
  expect(press(first, ['imagefs.available'], 2000)).toEqual({ DiskPressure: 2000 });
  expect(press(first, ['memory.available'], 1000 + transitionMs)).toEqual({ MemoryPressure: 1000 + transitionMs });
});
