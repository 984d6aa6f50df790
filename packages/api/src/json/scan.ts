/** One quick pass over JSON text, for what must be known before or beside `JSON.parse`. */
import { endOfString } from './count.ts';

export interface Scan {
  /** The deepest nesting of objects and arrays. */
  readonly depth: number;
  /** How many keys are written. More than the parsed value has means that some are repeated. */
  readonly keys: number;
}

/** Counts without checking: the text need not be JSON. Stops early once `maxDepth` is passed. */
export function scanJson(text: string, maxDepth: number): Scan {
  let depth = 0;
  let deepest = 0;
  let keys = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x22) index = endOfString(text, index);
    else if (code === 0x3a) keys += 1;
    else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
      if (depth > maxDepth) return { depth, keys };
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return { depth: deepest, keys };
}

/** How many keys a parsed value has, in all its objects. */
export function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countKeys(item);
    return count;
  }
  const object = value as Record<string, unknown>;
  for (const key of Object.keys(object)) {
    count += 1;
    const field = object[key];
    if (typeof field === 'object') count += countKeys(field);
  }
  return count;
}
