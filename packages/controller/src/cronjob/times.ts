/** When a cron schedule is due, in a time zone. Pure; instants are milliseconds since the epoch. */
import type { Schedule } from '@skiff/api';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** A schedule that is not due within so long (30 February) never is. */
const horizonMs = 5 * 366 * dayMs;

interface Local {
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
}

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Reads the fields of instants as clocks in the zone show them; UTC without one. */
function clockOf(timeZone: string | undefined): (ms: number) => Local {
  if (timeZone === undefined || timeZone === 'UTC' || timeZone === 'Etc/UTC') {
    return (ms) => {
      const date = new Date(ms);
      return {
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
        weekday: date.getUTCDay(),
        hour: date.getUTCHours(),
        minute: date.getUTCMinutes(),
      };
    };
  }
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    month: 'numeric',
    day: 'numeric',
    weekday: 'short',
    hour: 'numeric',
    minute: 'numeric',
  });
  return (ms) => {
    const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    return {
      month: Number(parts.month),
      day: Number(parts.day),
      weekday: weekdays.indexOf(parts.weekday ?? ''),
      hour: Number(parts.hour),
      minute: Number(parts.minute),
    };
  };
}

function isDay(schedule: Schedule, { month, day, weekday }: Local): boolean {
  if (!schedule.months.has(month)) return false;
  const [inDays, inWeekdays] = [schedule.days.has(day), schedule.weekdays.has(weekday)];
  return schedule.anyDay || schedule.anyWeekday ? inDays && inWeekdays : inDays || inWeekdays;
}

/** The first time after `afterMs`; undefined when there is none in five years. Times that a clock skips are skipped. */
export function nextTime(schedule: Schedule, afterMs: number, timeZone?: string): number | undefined {
  if (schedule.everyMs !== undefined) {
    const every = Math.max(1000, Math.floor(schedule.everyMs / 1000) * 1000);
    return Math.floor(afterMs / 1000) * 1000 + every;
  }
  const read = clockOf(timeZone);
  let at = Math.floor(afterMs / minuteMs) * minuteMs + minuteMs;
  while (at <= afterMs + horizonMs) {
    const local = read(at);
    const toNextHour = (60 - local.minute) * minuteMs;
    if (!isDay(schedule, local)) {
      // Near midnight by the hour: a day may be longer or shorter than 24.
      at += toNextHour + Math.max(0, 21 - local.hour) * hourMs;
    } else if (!schedule.hours.has(local.hour)) {
      at += toNextHour;
    } else {
      const minute = [...schedule.minutes].filter((one) => one >= local.minute).sort((a, b) => a - b)[0];
      if (minute === local.minute) return at;
      at += minute === undefined ? toNextHour : (minute - local.minute) * minuteMs;
    }
  }
  return undefined;
}

/** The last time after `sinceMs` that is not after `nowMs`, and how many there were, counted only up to some more than a hundred. */
export function lastTime(
  schedule: Schedule,
  sinceMs: number,
  nowMs: number,
  timeZone?: string,
): { atMs: number; missed: number } | undefined {
  const first = nextTime(schedule, sinceMs, timeZone);
  if (first === undefined || first > nowMs) return undefined;
  let missed = 0;
  for (
    let at: number | undefined = first;
    at !== undefined && at <= nowMs && missed <= 100;
    at = nextTime(schedule, at, timeZone)
  )
    missed += 1;
  if (schedule.everyMs !== undefined) {
    const every = (nextTime(schedule, first) ?? first + 1) - first;
    return { atMs: first + Math.floor((nowMs - first) / every) * every, missed };
  }
  // Looking back ever further finds the last one without walking through all.
  for (const backMs of [hourMs, dayMs, 31 * dayMs, 366 * dayMs, horizonMs]) {
    let found: number | undefined;
    let at = nextTime(schedule, Math.max(sinceMs, nowMs - backMs), timeZone);
    while (at !== undefined && at <= nowMs) {
      found = at;
      at = nextTime(schedule, at, timeZone);
    }
    if (found !== undefined) return { atMs: found, missed };
  }
  return { atMs: first, missed };
}
