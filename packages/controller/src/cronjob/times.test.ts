import { parseSchedule } from '@skiff/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lastTime, nextTime } from './times.ts';

const ms = (text: string): number => Date.parse(text);
const iso = (time: number | undefined) =>
  time === undefined ? undefined : new Date(time).toISOString().replace('.000Z', 'Z');

test.each([
  ['*/5 * * * *', '2026-01-02T03:04:05Z', undefined, '2026-01-02T03:05:00Z'],
  ['*/5 * * * *', '2026-01-02T03:05:00Z', undefined, '2026-01-02T03:10:00Z'],
  ['0 0 1 1 *', '2026-01-02T03:04:05Z', undefined, '2027-01-01T00:00:00Z'],
  ['0 0 29 2 *', '2026-01-02T03:04:05Z', undefined, '2028-02-29T00:00:00Z'],
  ['0 0 30 2 *', '2026-01-02T03:04:05Z', undefined, undefined],
  ['0 12 13 * 5', '2026-01-02T13:00:00Z', undefined, '2026-01-09T12:00:00Z'],
  ['@hourly', '2026-01-02T03:04:05Z', undefined, '2026-01-02T04:00:00Z'],
  ['@every 90s', '2026-01-02T03:04:05Z', undefined, '2026-01-02T03:05:35Z'],
  ['30 9 * * *', '2026-01-02T03:04:05Z', 'Europe/Berlin', '2026-01-02T08:30:00Z'],
  ['30 9 * * *', '2026-07-02T03:04:05Z', 'Europe/Berlin', '2026-07-02T07:30:00Z'],
  ['0 6 * * *', '2026-01-02T03:04:05Z', 'Asia/Kathmandu', '2026-01-03T00:15:00Z'],
  // 29 March 2026: clocks in Berlin go from 2:00 to 3:00.
  ['30 2 * * *', '2026-03-28T12:00:00Z', 'Europe/Berlin', '2026-03-30T00:30:00Z'],
  ['0 0 * * *', '2026-03-28T12:00:00Z', 'Europe/Berlin', '2026-03-28T23:00:00Z'],
  ['0 0 * * *', '2026-03-29T12:00:00Z', 'Europe/Berlin', '2026-03-29T22:00:00Z'],
])('%s after %s in %s: %s', (schedule, after, zone, next) => {
  expect(iso(nextTime(parseSchedule(schedule), ms(after), zone))).toBe(next);
});

test('the last time, and how many were missed', () => {
  const last = (schedule: string, since: string, now: string) => lastTime(parseSchedule(schedule), ms(since), ms(now));
  expect(last('0 * * * *', '2026-01-02T03:04:05Z', '2026-01-02T03:59:00Z')).toBeUndefined();
  expect(last('0 * * * *', '2026-01-02T03:04:05Z', '2026-01-02T06:30:00Z')).toEqual({
    atMs: ms('2026-01-02T06:00:00Z'),
    missed: 3,
  });
  expect(last('* * * * *', '2020-01-01T00:00:00Z', '2026-01-02T06:30:10Z')).toEqual({
    atMs: ms('2026-01-02T06:30:00Z'),
    missed: 101,
  });
  expect(last('@every 1h', '2026-01-01T00:30:00Z', '2026-01-01T05:00:00Z')).toEqual({
    atMs: ms('2026-01-01T04:30:00Z'),
    missed: 4,
  });
});

test('the last time is due, and no later one is', () => {
  const schedules = fc.constantFrom('*/7 * * * *', '15 3 * * *', '0 0 * * 1', '5 4 1 * *', '*/20 9-17 * * 1-5');
  fc.assert(
    fc.property(schedules, fc.nat(400), fc.nat(60 * 24 * 40), (text, days, minutes) => {
      const schedule = parseSchedule(text);
      const since = ms('2026-01-01T00:00:30Z') + days * 86_400_000;
      const now = since + minutes * 60_000;
      const last = lastTime(schedule, since, now);
      const next = nextTime(schedule, last?.atMs ?? since) ?? Number.POSITIVE_INFINITY;
      expect(next).toBeGreaterThan(now);
      if (last !== undefined) expect(nextTime(schedule, last.atMs - 1)).toBe(last.atMs);
    }),
  );
});
