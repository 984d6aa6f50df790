/**
 * Continue tokens: base64url of `{"v":"meta.k8s.io/v1","rv":…,"start":…}`, as Kubernetes makes them. `start` is the last
 * key of the page below `/registry/` and a NUL: the smallest key behind it. `rv` is -1 for a token that goes on at whatever
 * the newest state is.
 */
import { type ApiError, badRequest, expired, type Json } from '@skiff/api';
import { maxJsonDepth, parseExact } from '@skiff/api/json';
import { at, isObject, jsonKind, textAt } from '../patch/values.ts';
import { registryPrefix } from './keys.ts';

export interface Continuation {
  /** Only keys greater than this one. */
  readonly after: string;
  /** undefined: the newest state, inconsistent with the pages before. */
  readonly revision: bigint | undefined;
}

const version = 'meta.k8s.io/v1';

export function encodeContinue(after: string, revision: bigint | undefined): string {
  const start = JSON.stringify(`${after.slice(registryPrefix.length)}\u0000`);
  return Buffer.from(`{"v":"${version}","rv":${revision ?? -1n},"start":${start}}`).toString('base64url');
}

/** Reads a token that was made for keys starting with `prefix`. Throws BadRequest. */
export function decodeContinue(token: string, prefix: string): Continuation {
  const fields = parseToken(token);
  for (const [key, type] of Object.entries({ v: 'string', rv: 'number', start: 'string' }))
    checkMember(fields, key, type);
  if (textAt(fields, 'v') !== version) {
    throw invalidToken(`server does not recognize this encoded version ${textAt(fields, 'v')}`);
  }
  const revision = revisionOf(at(fields, 'rv'));
  if (revision === 0n) {
    throw invalidToken('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  }
  const start = textAt(fields, 'start');
  if (start === '') throw invalidToken('encoded start key empty (version meta.k8s.io/v1)');
  const after = registryPrefix + (start.endsWith('\u0000') ? start.slice(0, -1) : start);
  const parts = start.split('/');
  if (!after.startsWith(prefix) || parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw invalidToken(start);
  }
  return { after, revision: revision < 0n ? undefined : revision };
}

function checkMember(fields: Json, key: string, type: string): void {
  const value = at(fields, key) ?? null;
  const found = typeof value === 'bigint' ? 'number' : typeof value;
  if (value === null || found === type) return;
  const wanted = type === 'number' ? 'int64' : type;
  throw invalidToken(
    `json: cannot unmarshal ${jsonKind(value)} into Go struct field continueToken.${key} of type ${wanted}`,
  );
}

/** The number as a revision; 0 for what is none. Beyond 2^53 the reader gives a bigint where a number is typed. */
function revisionOf(value: unknown): bigint {
  const isWhole = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value));
  return isWhole ? BigInt(value) : 0n;
}

function parseToken(token: string): Json {
  const wrong = token.search(/[^A-Za-z0-9_-]/);
  // One character is left over from groups of four: no byte can be made of it.
  const illegal = wrong >= 0 ? wrong : token.length % 4 === 1 ? token.length - 1 : -1;
  if (illegal >= 0) throw invalidToken(`illegal base64 data at input byte ${illegal}`);
  const value = readJson(Buffer.from(token, 'base64url').toString('utf8'));
  if (isObject(value)) return value;
  throw invalidToken(`json: cannot unmarshal ${jsonKind(value)} into Go value of type storage.continueToken`);
}

function readJson(text: string): Json {
  try {
    return parseExact(text, maxJsonDepth).value;
  } catch (error) {
    throw invalidToken(error instanceof Error ? error.message : String(error));
  }
}

const invalidToken = (why: string): ApiError => badRequest(`invalid continue token: continue key is not valid: ${why}`);

/** 410 for a token whose snapshot is gone, with a token in `metadata.continue` that goes on from the newest state. */
export function expiredContinue(after: string): ApiError {
  const error = expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
      'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
      'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
      'deleted between the time the first chunk was returned and now may show up in the list.',
  );
  error.status.metadata.continue = encodeContinue(after, undefined);
  return error;
}
