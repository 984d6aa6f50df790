/** Reading the resourceVersion of a request, and waiting until the cache can answer for it. */
import { badRequest, field, invalid } from '@skiff/api';
import type { Env } from './env.ts';
import { translated } from './store-errors.ts';

/** How long a read waits for a version the cache has not seen; then 504 (Kubernetes' blockTimeout). */
const waitMs = 3_000;
const maxUint64 = 18_446_744_073_709_551_615n;

/** undefined for '' (the newest). `'0'` is 0n: anything will do. */
export function parseResourceVersion(text: string): bigint | undefined | 'malformed' {
  if (text === '') return undefined;
  if (!/^[0-9]{1,20}$/.test(text)) return 'malformed';
  const version = BigInt(text);
  return version > maxUint64 ? 'malformed' : version;
}

const why = (text: string): string =>
  `strconv.ParseUint: parsing ${JSON.stringify(text)}: ${/^\d+$/.test(text) ? 'value out of range' : 'invalid syntax'}`;

/** For gets and lists. Throws BadRequest. */
export function readResourceVersion(text: string): bigint | undefined {
  const version = parseResourceVersion(text);
  if (version !== 'malformed') return version;
  throw badRequest(`invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: ${why(text)}`);
}

/** For watches. Throws Invalid. */
export function readWatchResourceVersion(text: string): bigint | undefined {
  const version = parseResourceVersion(text);
  if (version !== 'malformed') return version;
  throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [field.invalid('resourceVersion', text, why(text))]);
}

/** Waits until the cache holds `version`; for undefined, all that was written before this call. */
export async function freshen(env: Env, version: bigint | undefined, signal: AbortSignal): Promise<void> {
  try {
    await env.cache.reaches(version ?? (await env.store.revision(signal)), waitMs, signal);
  } catch (error) {
    throw translated(error, { group: '', resource: '' }, '');
  }
}
