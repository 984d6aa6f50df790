/** Instants as RFC 3339 text and durations as Go writes them. Instants are milliseconds since the epoch. */

/** The last second that was asked for: every write of a second bears the same time, in several places. */
let known = { second: Number.NaN, text: '' };

/** `metav1.Time`: UTC, whole seconds, `2024-05-01T10:00:00Z`. */
export function formatTime(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== known.second) known = { second, text: `${new Date(second * 1000).toISOString().slice(0, 19)}Z` };
  return known.text;
}

/** `metav1.MicroTime`: UTC, six digits of a second, `2024-05-01T10:00:00.123000Z`. */
export function formatMicroTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/i;

const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** The instant of an RFC 3339 time, down to the millisecond. Undefined when the text is not one, or no such day exists. */
export function parseTime(text: string): number | undefined {
  const match = rfc3339.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const offsetHours = Number(match[9] ?? 0);
  const offsetMinutes = Number(match[10] ?? 0);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59) return undefined;
  const fraction = Number((match[7] ?? '0').padEnd(3, '0').slice(0, 3));
  // Date.UTC takes years below 100 as of the twentieth century.
  const date = new Date(Date.UTC(2000, month - 1, day, hour, minute, second, fraction));
  date.setUTCFullYear(year, month - 1, day);
  const offset = (offsetHours * 60 + offsetMinutes) * 60_000;
  return date.getTime() - (match[8] === '-' ? -offset : offset);
}

/** A time in the form the server stores: UTC and whole seconds, or microseconds. Undefined when it is no time. */
export function normaliseTime(text: string, precision: 'seconds' | 'micro'): string | undefined {
  const ms = parseTime(text);
  if (ms === undefined) return undefined;
  // No fraction, no offset: what was written is the form already, and most often it comes from the store.
  if (precision === 'seconds' && text.length === 20) return text.toUpperCase();
  if (precision === 'seconds') return formatTime(Math.floor(ms / 1000) * 1000);
  const digits = /\.(\d{1,9})/.exec(text)?.[1] ?? '';
  return `${formatTime(ms).slice(0, 19)}.${digits.slice(0, 6).padEnd(6, '0')}Z`;
}

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A Go duration such as `1h15m30.5s`, in milliseconds. Undefined when the text is not one. */
export function parseDuration(text: string): number | undefined {
  if (text === '0' || text === '+0' || text === '-0') return 0;
  const body = /^[+-]?((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text);
  if (!body || text.length > 200) return undefined;
  let total = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    total += Number(amount) * (unitMs[unit] ?? 0);
  }
  return text.startsWith('-') ? -total : total;
}

/** A duration as Go prints it: `1m30s`, `500ms`, `0s`. Fractions below a millisecond are dropped. */
export function formatDuration(ms: number): string {
  const whole = Math.trunc(Math.abs(ms));
  const sign = ms < 0 && whole > 0 ? '-' : '';
  if (whole === 0) return '0s';
  if (whole < 1000) return `${sign}${whole}ms`;
  const hours = Math.floor(whole / 3_600_000);
  const minutes = Math.floor(whole / 60_000) % 60;
  const seconds = `${(whole % 60_000) / 1000}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}
