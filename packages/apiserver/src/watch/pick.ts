/**
 * Some members of a JSON document, out of its bytes, without making objects of the rest. The rest is read as strictly as `JSON.parse` reads
 * it: what that refuses is refused here.
 */
import { skipColon, skipSpace, skipString, skipValue } from './json-bytes.ts';

/** Members to take by name: each whole, or some of its own when it is an object, and nothing of it otherwise. */
export type Wanted = readonly Member[];

interface Member {
  readonly name: string;
  readonly bytes: Buffer;
  readonly members: Wanted | undefined;
  /** What it was in the document before: documents of a kind have much in common. */
  last: Value;
}

interface Value {
  /** In the document; of a string what is between its quotes. */
  readonly text: string;
  readonly isString: boolean;
  readonly value: unknown;
}

export interface Picked {
  readonly object: Record<string, unknown>;
  /** The index behind the `{` of the first top-level `metadata`; -1 when it is none or no object. */
  readonly metadataAt: number;
}

/** What is at these paths. */
export function wanted(paths: readonly (readonly string[])[]): Wanted {
  const byName = Map.groupBy(paths, ([name = '']) => name);
  return [...byName].map(([name, under]) => ({
    name,
    bytes: Buffer.from(name),
    members: under.some((path) => path.length <= 1) ? undefined : wanted(under.map((path) => path.slice(1))),
    last: { text: '', isString: true, value: '' },
  }));
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** What is picked may be part of what was picked before: it is not to be changed. Throws SyntaxError when the bytes are not the JSON of one object. */
export function pick(bytes: Buffer, members: Wanted): Picked {
  const object: Record<string, unknown> = {};
  const start = skipSpace(bytes, 0);
  if (bytes[start] !== openBrace) throw new SyntaxError('the document is no object');
  const metadata = { at: undefined };
  const end = skipSpace(bytes, pickMembers(bytes, start, members, object, metadata));
  if (end !== bytes.length) throw new SyntaxError(`something follows the document at ${end}`);
  return { object, metadataAt: metadata.at ?? -1 };
}

/** From a `{` on; answers the index behind its `}`. As deep as the paths are long. */
function pickMembers(
  bytes: Buffer,
  start: number,
  members: Wanted,
  into: Record<string, unknown>,
  metadata?: { at: number | undefined },
): number {
  let at = skipSpace(bytes, start + 1);
  if (bytes[at] === closeBrace) return at + 1;
  for (;;) {
    const nameEnd = skipString(bytes, at);
    const member = memberNamed(bytes, at + 1, nameEnd - 1, members);
    const value = skipColon(bytes, nameEnd);
    if (member === undefined) at = skipValue(bytes, value);
    else {
      if (metadata !== undefined && member.name === 'metadata')
        metadata.at ??= bytes[value] === openBrace ? value + 1 : -1;
      at = take(bytes, value, member, into);
    }
    at = skipSpace(bytes, at);
    if (bytes[at] === closeBrace) return at + 1;
    if (bytes[at] !== comma) throw new SyntaxError(`neither a comma nor an end at ${at}`);
    at = skipSpace(bytes, at + 1);
  }
}

/** A name given twice means its last value. */
function take(bytes: Buffer, start: number, member: Member, into: Record<string, unknown>): number {
  const { name, members } = member;
  if (members !== undefined) {
    const object: Record<string, unknown> = {};
    into[name] = object;
    return bytes[start] === openBrace ? pickMembers(bytes, start, members, object) : skipValue(bytes, start);
  }
  const end = skipValue(bytes, start);
  into[name] = valueAt(bytes, start, end, member);
  return end;
}

function valueAt(bytes: Buffer, start: number, end: number, member: Member): unknown {
  const isString = bytes[start] === quote;
  const [from, to] = isString ? [start + 1, end - 1] : [start, end];
  const { last } = member;
  if (last.isString === isString && isAsciiAt(bytes, from, to, last.text)) return last.value;
  const text = bytes.toString('utf8', from, to);
  const value: unknown = isString && !text.includes('\\') ? text : JSON.parse(bytes.toString('utf8', start, end));
  member.last = { text, isString, value };
  return value;
}

/** False for a text that has other characters than ASCII. */
function isAsciiAt(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let index = 0; index < text.length; index += 1) {
    const byte = bytes[start + index] as number;
    if (byte !== text.charCodeAt(index) || byte > 0x7f) return false;
  }
  return true;
}

function memberNamed(bytes: Buffer, start: number, end: number, members: Wanted): Member | undefined {
  for (const member of members) if (isAt(bytes, start, end, member.bytes)) return member;
  if (!hasEscape(bytes, start, end)) return undefined;
  const name: unknown = JSON.parse(bytes.toString('utf8', start - 1, end + 1));
  return members.find((member) => member.name === name);
}

function isAt(bytes: Buffer, start: number, end: number, name: Buffer): boolean {
  if (end - start !== name.length) return false;
  for (let index = 0; index < name.length; index += 1) if (bytes[start + index] !== name[index]) return false;
  return true;
}

function hasEscape(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] === backslash) return true;
  return false;
}
