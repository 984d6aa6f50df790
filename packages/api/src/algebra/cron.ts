/**
 * Cron schedules as CronJobs write them: five fields (minute, hour, day of month, month, day of week), names of months and
 * days, and the shorthands (the standard parser of robfig/cron v3, which Kubernetes uses).
 */

import { parseDuration } from './time.ts';

/** The minutes, hours, … at which a schedule is due. */
export interface Schedule {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** 0 is Sunday. */
  readonly weekdays: ReadonlySet<number>;
  /** Written as `*` or `?`: then the other of days and weekdays alone decides; else either may match. */
  readonly anyDay: boolean;
  readonly anyWeekday: boolean;
  /** `@every 1h`: due so many milliseconds after the last time, and the sets are empty. */
  readonly everyMs?: number;
}

const shorthands: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface Bounds {
  readonly min: number;
  readonly max: number;
  /** Names of the values from `min` on. */
  readonly names?: readonly string[];
}

const bounds: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: monthNames },
  { min: 0, max: 6, names: dayNames },
];

const maxLength = 1024;

/** Reads a schedule. Throws an Error that says what is wrong with it. */
export function parseSchedule(text: string): Schedule {
  if (text.length > maxLength) throw new Error('schedule is too long');
  const trimmed = text.trim();
  if (trimmed.startsWith('@')) return parseDescriptor(trimmed);
  const fields = trimmed === '' ? [] : trimmed.split(/\s+/);
  if (fields.length !== 5) {
    throw new Error(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
  }
  const [minutes, hours, days, months, weekdays] = fields.map((field, index) => parseField(field, bounds[index]));
  return {
    minutes: minutes ?? new Set(),
    hours: hours ?? new Set(),
    days: days ?? new Set(),
    months: months ?? new Set(),
    weekdays: weekdays ?? new Set(),
    anyDay: /^[*?]/.test(fields[2] ?? ''),
    anyWeekday: /^[*?]/.test(fields[4] ?? ''),
  };
}

const none: ReadonlySet<number> = new Set();

function parseDescriptor(text: string): Schedule {
  const known = Object.hasOwn(shorthands, text) ? shorthands[text] : undefined;
  if (known !== undefined) return parseSchedule(known);
  const everyMs = text.startsWith('@every ') ? parseDuration(text.slice('@every '.length)) : undefined;
  if (everyMs === undefined || everyMs <= 0) throw new Error(`unrecognized descriptor: ${text}`);
  return {
    minutes: none,
    hours: none,
    days: none,
    months: none,
    weekdays: none,
    anyDay: true,
    anyWeekday: true,
    everyMs,
  };
}

function parseField(text: string, bound: Bounds | undefined): Set<number> {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    if (bound !== undefined) for (const value of parseRange(part, bound)) values.add(value);
  }
  return values;
}

function parseRange(text: string, bound: Bounds): number[] {
  const [range = '', stepText, ...more] = text.split('/');
  const [low = '', high, ...rest] = range.split('-');
  if (more.length > 0) throw new Error(`too many slashes: ${text}`);
  if (rest.length > 0) throw new Error(`too many hyphens: ${text}`);
  const isAny = low === '*' || low === '?';
  const start = isAny ? bound.min : parseValue(low, bound);
  const hasOpenEnd = isAny || (stepText !== undefined && high === undefined);
  const end = hasOpenEnd ? bound.max : high === undefined ? start : parseValue(high, bound);
  const step = stepText === undefined ? 1 : parseNumber(stepText);
  if (start < bound.min) throw new Error(`beginning of range (${start}) below minimum (${bound.min}): ${text}`);
  if (end > bound.max) throw new Error(`end of range (${end}) above maximum (${bound.max}): ${text}`);
  if (start > end) throw new Error(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (step === 0) throw new Error(`step of range should be a positive number: ${text}`);
  const values: number[] = [];
  for (let value = start; value <= end; value += step) values.push(value);
  return values;
}

function parseValue(text: string, bound: Bounds): number {
  const index = bound.names?.indexOf(text.toLowerCase()) ?? -1;
  return index >= 0 ? bound.min + index : parseNumber(text);
}

function parseNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new Error(`failed to parse int from ${text}: strconv.Atoi: parsing "${text}": invalid syntax`);
  return Number(text);
}

/** What is wrong with a CronJob's schedule. Undefined when nothing is. */
export function checkSchedule(text: string): string | undefined {
  if (text.includes('TZ')) return 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';
  try {
    parseSchedule(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What is wrong with the name of a time zone. Undefined when the runtime knows it. */
export function checkTimeZone(name: string): string | undefined {
  if (name === '') return 'timeZone must be nil or non-empty string';
  if (name.toLowerCase() === 'local')
    return 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return /^[+-]/.test(name) ? `unknown time zone ${name}` : undefined;
  } catch {
    return `unknown time zone ${name}`;
  }
}
