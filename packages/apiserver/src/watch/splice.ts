/**
 * Puts the resourceVersion into a stored document by position, without parsing and writing it anew. Stored texts are compact JSON of
 * objects with a `metadata` object and no `resourceVersion` in it.
 */

/** Throws SyntaxError when the text has no top-level `metadata` object. */
export function withResourceVersion(text: string, version: bigint): string {
  const at = metadataStart(text);
  const empty = text.charCodeAt(skipSpace(text, at)) === closeBrace;
  return `${text.slice(0, at)}"resourceVersion":"${version}"${empty ? '' : ','}${text.slice(at)}`;
}

/** Undoes `withResourceVersion`. */
export function withoutResourceVersion(text: string, version: bigint): string {
  const at = metadataStart(text);
  const member = `"resourceVersion":"${version}"`;
  if (!text.startsWith(member, at)) throw new SyntaxError(`the document's metadata does not begin with ${member}`);
  const behind = at + member.length;
  return text.slice(0, at) + text.slice(text[behind] === ',' ? behind + 1 : behind);
}

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const colon = 0x3a;

/** The index just behind the `{` of the top-level `metadata`. Throws SyntaxError when there is none. */
export function metadataStart(text: string): number {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === quote) {
      const end = stringEnd(text, index);
      if (depth === 1 && end - index === 9 && text.startsWith('metadata', index + 1)) {
        const after = skipSpace(text, end + 1);
        if (text.charCodeAt(after) === colon) {
          const value = skipSpace(text, after + 1);
          if (text.charCodeAt(value) !== openBrace) break;
          return value + 1;
        }
      }
      index = end;
    } else if (code === openBrace || code === openBracket) depth += 1;
    else if (code === closeBrace || code === closeBracket) depth -= 1;
  }
  throw new SyntaxError('the document has no metadata object');
}

/** The index of the quote that ends the string which begins at `start`. */
function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  throw new SyntaxError('a string in the document does not end');
}

function skipSpace(text: string, from: number): number {
  let index = from;
  while (index < text.length && text.charCodeAt(index) <= 0x20) index += 1;
  return index;
}
