import { expect, test } from 'vitest';
import { checkSchedule, checkTimeZone, parseSchedule } from './cron.ts';

test('fields, ranges, steps and names', () => {
  const schedule = parseSchedule('*/20 8-10 1,15 jan-mar/2 MON-wed');
  expect([...schedule.minutes]).toEqual([0, 20, 40]);
  expect([...schedule.hours]).toEqual([8, 9, 10]);
  expect([...schedule.days]).toEqual([1, 15]);
  expect([...schedule.months]).toEqual([1, 3]);
  expect([...schedule.weekdays]).toEqual([1, 2, 3]);
  expect([schedule.anyDay, schedule.anyWeekday]).toEqual([false, false]);
  expect([...parseSchedule('50/5 * * * *').minutes]).toEqual([50, 55]);
});

test('shorthands', () => {
  expect([...parseSchedule('@weekly').weekdays]).toEqual([0]);
  expect(parseSchedule('@every 1h30m').everyMs).toBe(5_400_000);
  expect(parseSchedule('* * ? * *').anyDay).toBe(true);
});

test.each([
  ['', 'expected exactly 5 fields, found 0: []'],
  ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
  ['60 * * * *', 'end of range (60) above maximum (59): 60'],
  ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
  ['* * * * 7', 'end of range (7) above maximum (6): 7'],
  ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
  ['*/0 * * * *', 'step of range should be a positive number: */0'],
  ['a * * * *', 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'],
  ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
  ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
  ['@often', 'unrecognized descriptor: @often'],
  ['@every -1h', 'unrecognized descriptor: @every -1h'],
  ['@constructor', 'unrecognized descriptor: @constructor'],
  ['x'.repeat(2000), 'schedule is too long'],
  ['CRON_TZ=UTC * * * * *', 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'],
])('%.20j is refused', (text, fault) => {
  expect(checkSchedule(text)).toBe(fault);
});

test('time zones', () => {
  expect(checkTimeZone('Europe/Berlin')).toBeUndefined();
  expect(checkTimeZone('Etc/UTC')).toBeUndefined();
  expect(checkTimeZone('')).toBe('timeZone must be nil or non-empty string');
  expect(checkTimeZone('Local')).toContain('explicit time zone');
  expect(checkTimeZone('Mars/Olympus')).toBe('unknown time zone Mars/Olympus');
  expect(checkTimeZone('+02:00')).toBe('unknown time zone +02:00');
});
