/**
 * Query parameters as typed options. Leniency is Kubernetes': unknown keys are ignored, the first of repeated keys counts,
 * a boolean is true unless it says `false` or `0`; a number that is none is a 400.
 */
import { badRequest, goQuote } from '@skiff/api';
import { nameSelected } from '../chain/attributes.ts';
import {
  checkDeleteOptions,
  checkWriteOptions,
  listOptionsFault,
  type RawDeleteOptions,
  type WriteKind,
  watchOptionsFault,
} from '../chain/options.ts';
import type { DeleteOptions, GetOptions, ListOptions, WatchOptions, WriteOptions } from '../registry/contract.ts';

/** A parsed query. Never a plain object: keys are the client's. */
export type Query = URLSearchParams;

export const parseQuery = (text: string): Query => new URLSearchParams(text);

const text = (query: Query, key: string): string => query.get(key) ?? '';

/** True unless absent, `0` or `false` in any case. */
export function flag(query: Query, key: string): boolean {
  return optionalFlag(query, key) ?? false;
}

export function optionalFlag(query: Query, key: string): boolean | undefined {
  const value = query.get(key);
  return value === null ? undefined : !(value === '0' || value.toLowerCase() === 'false');
}

const int64Max = (1n << 63n) - 1n;
const int64Min = -(1n << 63n);

/** An int64 parameter, or undefined when absent. Values beyond 2^53 are far above every limit that uses them and are held at it. */
export function optionalInt(query: Query, key: string): number | undefined {
  const value = query.get(key);
  if (value === null) return undefined;
  const parsing = `strconv.ParseInt: parsing ${JSON.stringify(value.slice(0, 64))}`;
  if (!/^[+-]?\d{1,64}$/.test(value)) throw badRequest(`${parsing}: invalid syntax`);
  const exact = BigInt(value.replace('+', ''));
  if (exact > int64Max || exact < int64Min) throw badRequest(`${parsing}: value out of range`);
  return Math.max(Math.min(Number(exact), Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER);
}

/** What requestInfo needs of the query. */
export function routing(query: Query): { readonly isWatch: boolean; readonly nameSelector: string } {
  return { isWatch: flag(query, 'watch'), nameSelector: nameSelected(text(query, 'fieldSelector')) };
}

/** Throws ApiError BadRequest. */
export function getOptions(query: Query): GetOptions {
  if (query.has('export') && flag(query, 'export'))
    throw badRequest('the export parameter, deprecated since v1.14, is no longer supported');
  return { resourceVersion: text(query, 'resourceVersion') };
}

/** Throws ApiError BadRequest or Invalid. */
export function listOptions(query: Query): ListOptions {
  const options: ListOptions = {
    labelSelector: text(query, 'labelSelector'),
    fieldSelector: text(query, 'fieldSelector'),
    limit: Math.max(0, optionalInt(query, 'limit') ?? 0),
    continue: text(query, 'continue'),
    resourceVersion: text(query, 'resourceVersion'),
    resourceVersionMatch: text(query, 'resourceVersionMatch'),
  };
  optionalInt(query, 'timeoutSeconds');
  const fault = listOptionsFault(options, optionalFlag(query, 'sendInitialEvents'));
  if (fault !== undefined) throw fault;
  return options;
}

/** Throws ApiError BadRequest or Invalid. */
export function watchOptions(query: Query): WatchOptions {
  optionalInt(query, 'limit');
  const options: WatchOptions = {
    labelSelector: text(query, 'labelSelector'),
    fieldSelector: text(query, 'fieldSelector'),
    resourceVersion: text(query, 'resourceVersion'),
    resourceVersionMatch: text(query, 'resourceVersionMatch'),
    allowBookmarks: flag(query, 'allowWatchBookmarks'),
    sendInitialEvents: optionalFlag(query, 'sendInitialEvents'),
    timeoutSeconds: optionalInt(query, 'timeoutSeconds') || undefined,
  };
  const fault = watchOptionsFault(options, text(query, 'continue'));
  if (fault !== undefined) throw fault;
  return options;
}

/** Throws ApiError Invalid. */
export function writeOptions(query: Query, write: WriteKind): WriteOptions {
  const raw = {
    dryRun: query.getAll('dryRun'),
    fieldManager: text(query, 'fieldManager'),
    fieldValidation: text(query, 'fieldValidation'),
  };
  return checkWriteOptions(raw, write);
}

/** DeleteOptions from the query, used when there is no body. Throws ApiError BadRequest or Invalid. */
export function deleteOptions(query: Query): DeleteOptions {
  const raw: RawDeleteOptions = {
    dryRun: query.getAll('dryRun'),
    gracePeriodSeconds: optionalInt(query, 'gracePeriodSeconds'),
    propagationPolicy: query.get('propagationPolicy') ?? undefined,
    orphanDependents: optionalFlag(query, 'orphanDependents'),
    uid: undefined,
    resourceVersion: undefined,
  };
  return checkDeleteOptions(raw);
}

const unitMs = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/** Go's duration text (`30s`, `1m30s`) in milliseconds, or undefined when it is none. */
export function parseDuration(value: string): number | undefined {
  if (value === '0') return 0;
  if (value.length > 64 || !/^[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/.test(value)) return undefined;
  let total = 0;
  let rest = value.replace(/^[+-]/, '');
  while (rest !== '') {
    const match = /^(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/.exec(rest);
    if (match === null) return undefined;
    total += Number(match[1]) * (unitMs.get(match[2] ?? '') ?? 0);
    rest = rest.slice(match[0].length);
  }
  return value.startsWith('-') ? -total : total;
}

/** What Go's ParseDuration says of a text that is no duration. */
function durationFault(text: string): string {
  const rest = /^[+-]?((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))*)(?:\d+(?:\.\d*)?|\.\d+)([^\d.]*)/.exec(
    text,
  );
  const quoted = goQuote(text);
  if (rest === null) return `invalid duration ${quoted}`;
  const [, , unit = ''] = rest;
  return unit === '' ? `missing unit in duration ${quoted}` : `unknown unit ${goQuote(unit)} in duration ${quoted}`;
}

/** How long the client lets the request take: `?timeout=`, at most `maxMs`, which is also the default. Throws ApiError BadRequest. */
export function requestTimeoutMs(query: Query, maxMs: number): number {
  const value = query.get('timeout');
  if (value === null || value === '') return maxMs;
  const asked = parseDuration(value);
  if (asked === undefined)
    throw badRequest(`invalid timeout specified in the request URL - time: ${durationFault(value.slice(0, 64))}`);
  return asked <= 0 ? maxMs : Math.min(asked, maxMs);
}

/** How much of each object a Table's rows carry (meta.k8s.io/v1 TableOptions). Throws ApiError BadRequest. */
export function includeObject(query: Query): 'None' | 'Metadata' | 'Object' {
  const value = text(query, 'includeObject');
  if (value === '' || value === 'Metadata') return 'Metadata';
  if (value === 'None' || value === 'Object') return value;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}
