/** Conversions, sizes and times: the standard functions of CEL. */
import { parseTime } from '@skiff/api';
import type { Budget } from '../budget.ts';
import { type Overload, overload } from '../signature.ts';
import {
  CelError,
  Duration,
  type Kind,
  kindOf,
  Optional,
  sizeOfMap,
  Timestamp,
  TypeName,
  type Value,
} from '../values.ts';

/** The name a type has in expressions. */
const typeNames: Partial<Record<Kind, string>> = {
  timestamp: 'google.protobuf.Timestamp',
  duration: 'google.protobuf.Duration',
  optional: 'optional_type',
  quantity: 'kubernetes.Quantity',
  url: 'kubernetes.URL',
  ip: 'net.IP',
  cidr: 'net.CIDR',
};

const int = (value: bigint): bigint => {
  if (BigInt.asIntN(64, value) !== value) throw new CelError('integer overflow');
  return value;
};

function intOf(text: string): bigint {
  if (!/^[+-]?\d{1,20}$/.test(text))
    throw new CelError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return int(BigInt(text));
}

function doubleOf(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value) && text !== 'NaN') {
    throw new CelError(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return value;
}

function timestampOf(text: string): Timestamp {
  const ms = parseTime(text);
  if (ms === undefined) throw new CelError(`invalid timestamp ${JSON.stringify(text)}`);
  return new Timestamp(ms);
}

const unitNanos: Readonly<Record<string, number>> = {
  ...{ ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 },
};

/** Go's durations: `1h30m`, `-1.5s`. Undefined for anything else. */
export function durationOf(text: string): Duration | undefined {
  const match = /^([+-]?)((?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+|0)$/.exec(text);
  if (match === null || text.length > 100) return undefined;
  let nanos = 0n;
  for (const [, amount = '0', unit = 's'] of (match[2] ?? '').matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g)) {
    const [whole = '0', fraction = ''] = amount.split('.');
    const size = BigInt(unitNanos[unit] ?? 1);
    nanos += BigInt(whole) * size;
    if (fraction !== '') nanos += (BigInt(fraction) * size) / 10n ** BigInt(fraction.length);
  }
  return new Duration(int(match[1] === '-' ? -nanos : nanos));
}

/** The wall clock of an instant in a zone: a name such as `Europe/Berlin`, or an offset such as `+02:00`. */
function wallClock({ ms }: Timestamp, zone = 'UTC'): Date {
  const offset = /^([+-]?)(\d{2}):(\d{2})$/.exec(zone);
  if (offset !== null) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3]);
    return new Date(ms + (offset[1] === '-' ? -minutes : minutes) * 60_000);
  }
  if (zone === 'UTC' || zone === '') return new Date(ms);
  try {
    const parts = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    }).formatToParts(new Date(ms));
    const at = (type: string): number => Number(parts.find((part) => part.type === type)?.value ?? 0);
    const time = Date.UTC(at('year'), at('month') - 1, at('day'), at('hour'), at('minute'), at('second'));
    return new Date(time + (((ms % 1000) + 1000) % 1000));
  } catch {
    throw new CelError(`unknown time zone ${zone}`);
  }
}

const dayOfYear = (date: Date): number =>
  Math.floor(
    (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) - Date.UTC(date.getUTCFullYear(), 0, 1)) /
      86_400_000,
  );

const clockParts: readonly (readonly [string, (date: Date) => number])[] = [
  ['getFullYear', (date) => date.getUTCFullYear()],
  ['getMonth', (date) => date.getUTCMonth()],
  ['getDate', (date) => date.getUTCDate()],
  ['getDayOfMonth', (date) => date.getUTCDate() - 1],
  ['getDayOfWeek', (date) => date.getUTCDay()],
  ['getDayOfYear', dayOfYear],
  ['getHours', (date) => date.getUTCHours()],
  ['getMinutes', (date) => date.getUTCMinutes()],
  ['getSeconds', (date) => date.getUTCSeconds()],
  ['getMilliseconds', (date) => date.getUTCMilliseconds()],
];

const times: readonly Overload[] = clockParts.flatMap(([name, read]) => [
  overload(`timestamp.${name}(): int`, (time: Timestamp) => BigInt(read(wallClock(time)))),
  overload(`timestamp.${name}(string): int`, (time: Timestamp, zone: string) => BigInt(read(wallClock(time, zone)))),
]);

const durations: readonly Overload[] = (
  [
    ['getHours', 3_600_000_000_000n],
    ['getMinutes', 60_000_000_000n],
    ['getSeconds', 1_000_000_000n],
    ['getMilliseconds', 1_000_000n],
  ] as const
).map(([name, unit]) => overload(`duration.${name}(): int`, ({ nanos }: Duration) => nanos / unit));

const isZero = (value: Value): boolean => {
  switch (kindOf(value)) {
    case 'list':
      return (value as readonly Value[]).length === 0;
    case 'map':
      return sizeOfMap(value) === 0;
    default:
      return value === null || value === '' || value === 0n || value === 0 || value === false;
  }
};

export const standardFunctions: readonly Overload[] = [
  overload('size(list): int', (list: readonly Value[]) => BigInt(list.length)),
  overload('list.size(): int', (list: readonly Value[]) => BigInt(list.length)),
  overload('size(map): int', (map: Value) => BigInt(sizeOfMap(map))),
  overload('map.size(): int', (map: Value) => BigInt(sizeOfMap(map))),
  overload('size(bytes): int', (bytes: Uint8Array) => BigInt(bytes.length)),
  overload('bytes.size(): int', (bytes: Uint8Array) => BigInt(bytes.length)),
  overload('type(dyn): type', (value: Value) => new TypeName(typeNames[kindOf(value)] ?? kindOf(value))),
  overload('dyn(dyn): dyn', (value: Value) => value),
  overload('bool(bool): bool', (value: boolean) => value),
  overload('bool(string): bool', (text: string) => {
    if (['true', 'True', 'TRUE', 't', '1'].includes(text)) return true;
    if (['false', 'False', 'FALSE', 'f', '0'].includes(text)) return false;
    throw new CelError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
  }),
  overload('int(int): int', (value: bigint) => value),
  overload('int(double): int', (value: number) => {
    if (!Number.isFinite(value)) throw new CelError('integer overflow');
    return int(BigInt(Math.trunc(value)));
  }),
  overload('int(string): int', intOf),
  overload('int(timestamp): int', ({ ms }: Timestamp) => BigInt(Math.floor(ms / 1000))),
  overload('int(duration): int', ({ nanos }: Duration) => nanos),
  overload('uint(int): int', (value: bigint) => {
    if (value < 0n) throw new CelError('unsigned integer overflow');
    return value;
  }),
  overload('uint(string): int', (text: string) => {
    const value = intOf(text);
    if (value < 0n) throw new CelError('unsigned integer overflow');
    return value;
  }),
  overload('double(double): double', (value: number) => value),
  overload('double(int): double', (value: bigint) => Number(value)),
  overload('double(string): double', doubleOf),
  overload('bytes(string): bytes', (text: string, budget: Budget) => {
    budget.spendTraversal(text.length);
    return new Uint8Array(Buffer.from(text));
  }),
  overload('bytes(bytes): bytes', (bytes: Uint8Array) => bytes),
  overload('timestamp(string): timestamp', timestampOf),
  overload('timestamp(timestamp): timestamp', (time: Timestamp) => time),
  overload('timestamp(int): timestamp', (seconds: bigint) => new Timestamp(Number(seconds) * 1000)),
  overload('duration(string): duration', (text: string) => {
    const duration = durationOf(text);
    if (duration === undefined) throw new CelError(`time: invalid duration ${JSON.stringify(text)}`);
    return duration;
  }),
  overload('duration(duration): duration', (duration: Duration) => duration),
  overload('duration(int): duration', (nanos: bigint) => new Duration(nanos)),
  ...times,
  ...durations,
  overload('optional.of(dyn): optional', (value: Value) => new Optional(value)),
  overload('optional.none(): optional', () => new Optional(undefined)),
  overload('optional.ofNonZeroValue(dyn): optional', (value: Value) => new Optional(isZero(value) ? undefined : value)),
  overload('optional.hasValue(): bool', ({ value }: Optional) => value !== undefined),
].map((each) =>
  each.name === 'optional.hasValue' ? { ...each, name: 'hasValue', receiver: 'optional' as const } : each,
);
