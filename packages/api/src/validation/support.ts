/** What the validators of all kinds are written with. Faults are worded as pkg/apis/<group>/validation of v1.32 words them. */
import { goIntOrString } from '../algebra/go-text.ts';
import { deepEqual } from '../algebra/hash.ts';
import { checkDns1123Subdomain, checkPercent, checkPortName, checkPortNumber } from '../algebra/names.ts';
import { type FieldError, field } from '../errors.ts';

/**
 * A type whose every member may be absent, and whose texts may be any text: decoding checked types, and nothing yet
 * checked that anything is there or is one of the known values.
 */
export type Loose<T> = T extends string
  ? string
  : T extends readonly (infer Item)[]
    ? Loose<Item>[]
    : T extends object
      ? { [Key in keyof T]?: Loose<T[Key]> }
      : T;

/** Validators add to this list. */
export type Faults = FieldError[];

export const nonNegativeMessage = 'must be greater than or equal to 0';
export const positiveMessage = 'must be greater than 0';
export const immutableMessage = 'field is immutable';

/** One fault for each message of a name check. */
export function addEach(faults: Faults, path: string, value: unknown, messages: readonly string[]): void {
  for (const message of messages) faults.push(field.invalid(path, value, message));
}

/** A fault when a count is there and below zero. */
export function addNegative(faults: Faults, path: string, value: number | undefined): void {
  if (value !== undefined && value < 0) faults.push(field.invalid(path, value, nonNegativeMessage));
}

/** A fault when a value is missing, or is none of `supported`. */
export function addUnsupported(
  faults: Faults,
  path: string,
  value: string | undefined,
  supported: readonly string[],
): void {
  if (value === undefined || value === '') faults.push(field.required(path));
  else if (!supported.includes(value)) faults.push(field.notSupported(path, value, supported));
}

/** The same for a value that may be missing. */
export function addUnsupportedIfSet(
  faults: Faults,
  path: string,
  value: string | undefined,
  supported: readonly string[],
): void {
  if (value !== undefined && !supported.includes(value)) faults.push(field.notSupported(path, value, supported));
}

/** A fault when the text is missing or no DNS subdomain. */
export function addName(faults: Faults, path: string, value: string | undefined): void {
  if (value === undefined || value === '') faults.push(field.required(path));
  else addEach(faults, path, value, checkDns1123Subdomain(value));
}

/** A fault when a text is missing or empty. */
export function addMissing(faults: Faults, path: string, value: string | undefined): void {
  if (value === undefined || value === '') faults.push(field.required(path));
}

/** A fault when a field differs from what was stored; `shown` is it in Go's words, where its JSON does not tell its type. */
export function addChanged(
  faults: Faults,
  path: string,
  value: unknown,
  previous: unknown,
  shown: unknown = value,
): void {
  if (!deepEqual(value, previous)) faults.push(field.invalid(path, shown ?? null, immutableMessage));
}

/** A port by number, or by the name of a container's port. */
export function addPort(faults: Faults, path: string, port: number | string | undefined): void {
  if (typeof port === 'string') addEach(faults, path, port, checkPortName(port));
  else addEach(faults, path, port ?? 0, checkPortNumber(port ?? 0));
}

/** A count that is zero or more, or a percentage. */
export function addIntOrPercent(faults: Faults, path: string, value: number | string | undefined): void {
  if (typeof value === 'number') addNegative(faults, path, value);
  else if (value !== undefined) addEach(faults, path, goIntOrString(value), checkPercent(value));
}

/** A percentage may not be more than all. */
export function addMoreThanAll(faults: Faults, path: string, value: number | string | undefined): void {
  const percent = percentOf(value);
  if (percent !== undefined && percent > 100) {
    faults.push(field.invalid(path, goIntOrString(value), 'must not be greater than 100%'));
  }
}

/** The number of a percentage such as `25%`. */
export function percentOf(value: number | string | undefined): number | undefined {
  return typeof value === 'string' && /^\d{1,9}%$/.test(value) ? Number(value.slice(0, -1)) : undefined;
}

/** True for 0 and `0%`. */
export const isNone = (value: number | string | undefined): boolean => value === 0 || percentOf(value) === 0;

/** UTF-8 bytes of a text. */
export const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8');

/** The entries of a map whose type says that any value may be absent. */
export function entriesOf<T>(map: Readonly<Record<string, T | undefined>> | undefined): [string, T][] {
  return Object.entries(map ?? {}).filter((entry): entry is [string, T] => entry[1] !== undefined);
}

/** No process can be given a text with a NUL: arguments and variables end at it. */
export function addNul(faults: Faults, path: string, text: string | undefined): void {
  if (text?.includes('\0')) faults.push(field.invalid(path, text, 'must not contain the NUL character'));
}

/** Which values stand in the list a second time, by their index: in one pass, since a list may be as long as a body. */
export function repeatsOf(values: readonly unknown[]): ReadonlySet<number> {
  const seen = new Set<unknown>();
  const repeats = new Set<number>();
  for (const [index, value] of values.entries()) {
    if (seen.has(value)) repeats.add(index);
    seen.add(value);
  }
  return repeats;
}
