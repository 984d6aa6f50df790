/**
 * Answers as text in pieces. A list is never one string: its items are stored texts that are copied between a head and a
 * tail, a piece at a time, so that a list of any length costs one piece of memory beside what the cache already holds.
 */
import { ApiError, type Status, type StatusDetails } from '@skiff/api';
import type { ListAnswer, Part } from '../registry/contract.ts';

/** Pieces are about this long, so that a write is neither a syscall an object nor a megabyte. */
export const pieceChars = 64 * 1024;
/** Most lists are short. */
const firstPieceBytes = 8 * 1024;

/**
 * Joins small texts, in UTF-8, to pieces that grow to about `pieceChars`. Bytes are copied before the next part is asked for, and a piece is to be
 * used before the next one is: they are of one buffer. Memory outside of its heap is part of what makes V8 mark all of that, and a list would be much of it.
 */
export function* pieces(parts: Iterable<Part>): Generator<Buffer> {
  let piece = Buffer.allocUnsafeSlow(firstPieceBytes);
  let used = 0;
  for (const part of parts) {
    const length = typeof part === 'string' ? Buffer.byteLength(part) : part.length;
    if (used + length > piece.length) {
      if (used > 0) yield piece.subarray(0, used);
      const size = Math.max(length, Math.min(2 * piece.length, pieceChars));
      if (size > piece.length) piece = Buffer.allocUnsafeSlow(size);
      used = 0;
    }
    if (typeof part === 'string') piece.write(part, used);
    // `set` takes five times as long out of shared memory, where the texts of the cache lie.
    else Buffer.from(part.buffer, part.byteOffset, part.byteLength).copy(piece, used);
    used += length;
  }
  if (used > 0) yield piece.subarray(0, used);
}

/** Lists of items that are about `pieceChars` long together, so that nothing has to be made whole. */
export function* portions<T>(items: Iterable<T>, lengthOf: (item: T) => number): Generator<readonly T[]> {
  let portion: T[] = [];
  let length = 0;
  for (const item of items) {
    portion.push(item);
    length += lengthOf(item);
    if (length < pieceChars) continue;
    yield portion;
    portion = [];
    length = 0;
  }
  if (portion.length > 0) yield portion;
}

/** Long bytes in pieces of as many bytes. */
export function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceChars) yield bytes.subarray(at, at + pieceChars);
}

/** What a list says of itself. */
export type ListHead = Pick<ListAnswer, 'apiVersion' | 'kind' | 'custom'> & ListMeta;
type ListMeta = Pick<ListAnswer, 'resourceVersion' | 'continue' | 'remainingItemCount'>;

/** ListMeta as JSON. */
export function listMetaText(list: ListMeta, showsContinue = false): string {
  return JSON.stringify({
    resourceVersion: list.resourceVersion,
    ...(list.continue === '' && !showsContinue ? {} : { continue: list.continue }),
    ...(list.remainingItemCount === undefined ? {} : { remainingItemCount: list.remainingItemCount }),
  });
}

/** A list document; `items` are the objects' own texts, or their bytes. */
export function* listTexts(list: ListHead, items: Iterable<Part>): Generator<Part> {
  const head = `{"kind":${JSON.stringify(list.kind)},"apiVersion":${JSON.stringify(list.apiVersion)}`;
  yield `${head},"metadata":${listMetaText(list, list.custom)},"items":[`;
  let first = true;
  for (const item of items) {
    if (!first) yield ',';
    yield item;
    first = false;
  }
  yield ']}\n';
}

/** A successful Status document, as a delete of something that is gone at once answers. */
export function successStatus(details: StatusDetails): Status {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details, code: 200 };
}

/** Texts longer than this are compressed for who accepts it; below, compressing costs more than sending (apiserver's own limit). */
export const compressAbove = 128 * 1024;

/** True when the client takes gzip. */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  return text.split(',').some((part) => {
    const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    return name === 'gzip' && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

/** About how long they are together: beyond what decides whether they are compressed nobody asks. */
export function charsOf(texts: Iterable<string>): number {
  let chars = 0;
  for (const text of texts) {
    chars += text.length;
    if (chars > compressAbove) break;
  }
  return chars;
}

/** Level 1: most of the gain for a fraction of the time, as apiserver chooses. */
export const gzipLevel = 1;

/** The texts of a Warning header (RFC 7234, code 299), each capped and free of control characters; all together at most 4 KiB. */
export function warningHeaders(texts: readonly string[]): string[] {
  const headers: string[] = [];
  let total = 0;
  for (const text of new Set(texts)) {
    const clean = text.replace(/[^\x20-\x7e]/g, ' ').slice(0, 256);
    total += clean.length;
    if (total > 4096) break;
    headers.push(`299 - "${clean.replace(/[\\"]/g, '\\$&')}"`);
  }
  return headers;
}

/** A missing page, as Kubernetes says it for a path that no handler knows. */
export const pathNotFound = (): ApiError =>
  new ApiError('NotFound', 'the server could not find the requested resource');
