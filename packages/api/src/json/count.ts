/**
 * How much a JSON text holds, before it is parsed. Memory follows its length, but the time that parsing and walking take
 * follows its values, and most of all its different keys: the engine keeps each once, and makes a new shape for it.
 */

export interface Count {
  /** Members of all objects. */
  readonly keys: number;
  readonly differentKeys: number;
  /** Members and items. */
  readonly values: number;
}

/** Counts without checking: the text need not be JSON. `differentKeys` stops one above `most`. */
export function countJson(text: string, most: number): Count {
  const different = new Set<string>();
  let [keys, commas, opened] = [0, 0, 0];
  let [start, end] = [0, 0];
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x22) {
      start = index + 1;
      end = endOfString(text, index);
      index = end;
    } else if (code === 0x3a) {
      keys += 1;
      if (different.size <= most) different.add(text.slice(start, end));
    } else if (code === 0x2c) commas += 1;
    else if (code === 0x7b || code === 0x5b) opened += 1;
  }
  return { keys, differentKeys: different.size, values: commas + opened };
}

/** The index of the quote that ends the string which starts at `start`; the end of the text when it never ends. */
export function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end;
}

/** An odd number of backslashes before a quote escapes it. */
function isEscaped(text: string, quote: number): boolean {
  let index = quote - 1;
  while (text.charCodeAt(index) === 0x5c) index -= 1;
  return (quote - index) % 2 === 0;
}
