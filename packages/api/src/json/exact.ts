/**
 * A JSON reader that keeps what `JSON.parse` loses: integers beyond 2^53 (as bigint), every place of a repeated key, and
 * numbers written with a fraction of zero. It is several times slower, and runs only where the text needs it.
 */
import { goQuote } from '../algebra/go-text.ts';
import type { Json, JsonObject } from '../object.ts';

/** Documents hold bigints where numbers would lose digits; this makes `JSON.stringify` write them as the numbers they are. */
declare global {
  interface BigInt {
    toJSON(): unknown;
  }
  interface JSON {
    rawJSON(text: string): unknown;
  }
}
Object.defineProperty(BigInt.prototype, 'toJSON', {
  value(this: bigint) {
    return JSON.rawJSON(this.toString());
  },
  writable: true,
  configurable: true,
});

export interface ExactJson {
  readonly value: Json;
  /** Paths of repeated keys, in the order of the text: `spec.containers[0].image`. The last value stands. */
  readonly duplicates: readonly string[];
  /** Paths of numbers such as `1.0`, which Go takes for no integer although JavaScript does. */
  readonly fractions: readonly string[];
  /** How many integers are bigints. */
  readonly bigIntegers: number;
}

/** Why a text is not JSON, in the words of Go's encoding/json. */
export class JsonSyntaxError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'JsonSyntaxError';
    this.offset = offset;
  }
}

/** Reads JSON text. Throws a JsonSyntaxError when it is not JSON, or nests deeper than `maxDepth`. */
export function parseExact(text: string, maxDepth: number): ExactJson {
  const reader = new Reader(text, maxDepth);
  const value = reader.document();
  return { value, duplicates: reader.duplicates, fractions: reader.fractions, bigIntegers: reader.bigIntegers };
}

const numberPattern = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const spacePattern = /[ \t\n\r]*/y;
const maxListed = 100;
const int64 = (value: bigint): boolean => BigInt.asIntN(64, value) === value;

class Reader {
  readonly duplicates: string[] = [];
  readonly fractions: string[] = [];
  bigIntegers = 0;
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #path: (string | number)[] = [];
  #at = 0;
  #depth = 0;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  document(): Json {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail('after top-level value');
    return value;
  }

  #fail(where: string): never {
    const character = this.#text[this.#at];
    if (character === undefined) throw new JsonSyntaxError('unexpected end of JSON input', this.#at);
    throw new JsonSyntaxError(`invalid character ${quoteCharacter(character)} ${where}`, this.#at);
  }

  #space(): void {
    spacePattern.lastIndex = this.#at;
    spacePattern.exec(this.#text);
    this.#at = spacePattern.lastIndex;
  }

  #value(): Json {
    this.#space();
    const character = this.#text[this.#at];
    if (character === '{' || character === '[') {
      this.#depth += 1;
      if (this.#depth > this.#maxDepth) this.#fail('exceeded max depth');
      const value = character === '{' ? this.#object() : this.#array();
      this.#depth -= 1;
      return value;
    }
    if (character === '"') return this.#string();
    if (character === 't') return this.#word('true', true);
    if (character === 'f') return this.#word('false', false);
    if (character === 'n') return this.#word('null', null);
    return this.#number();
  }

  #word<T>(word: string, value: T): T {
    for (const expected of word) {
      if (this.#text[this.#at] !== expected) this.#fail(`in literal ${word} (expecting '${expected}')`);
      this.#at += 1;
    }
    return value;
  }

  #number(): Json {
    numberPattern.lastIndex = this.#at;
    const match = numberPattern.exec(this.#text);
    if (match === null) {
      if (this.#text[this.#at] === '-') {
        this.#at += 1;
        this.#fail('in numeric literal');
      }
      return this.#fail('looking for beginning of value');
    }
    this.#at = numberPattern.lastIndex;
    this.#endNumber(match);
    const value = Number(match[0]);
    if (!Number.isFinite(value))
      throw new JsonSyntaxError(
        `cannot unmarshal number ${match[0].slice(0, 64)} into Go value of type float64`,
        this.#at,
      );
    if (match[1] === undefined && match[2] === undefined && !Number.isSafeInteger(value)) {
      const exact = BigInt(match[0]);
      // Documents are typed as JSON; a bigint stands for a number and is written as one.
      if (int64(exact)) {
        this.bigIntegers += 1;
        return exact as unknown as number;
      }
    }
    if (Number.isInteger(value) && (match[1] !== undefined || match[2] !== undefined)) this.#list(this.fractions);
    return value;
  }

  /** A point or an exponent without a digit behind it. */
  #endNumber([, fraction, exponent]: RegExpExecArray): void {
    const next = this.#text[this.#at];
    const isPoint = next === '.' && fraction === undefined && exponent === undefined;
    const isExponent = (next === 'e' || next === 'E') && exponent === undefined;
    if (!isPoint && !isExponent) return;
    this.#at += isExponent && /[-+]/.test(this.#text[this.#at + 1] ?? '') ? 2 : 1;
    this.#fail(isPoint ? 'after decimal point in numeric literal' : 'in exponent of numeric literal');
  }

  #string(): string {
    const start = this.#at;
    for (let index = start + 1; ; index += 1) {
      const code = this.#text.charCodeAt(index);
      if (code === 0x22) {
        this.#at = index + 1;
        // The text between two quotes is small, and sound: the engine knows its escapes best.
        return JSON.parse(this.#text.slice(start, this.#at)) as string;
      }
      if (code === 0x5c) index = this.#escape(index + 1);
      else if (Number.isNaN(code)) {
        this.#at = this.#text.length;
        this.#fail('in string literal');
      } else if (code < 0x20) {
        this.#at = index;
        this.#fail('in string literal');
      }
    }
  }

  /** Where an escape ends that is named at `index`. */
  #escape(index: number): number {
    this.#at = index;
    const name = this.#text[index] ?? '';
    if (!'"\\/bfnrtu'.includes(name) || name === '') this.#fail('in string escape code');
    if (name !== 'u') return index;
    for (this.#at += 1; this.#at <= index + 4; this.#at += 1)
      if (!/[0-9a-fA-F]/.test(this.#text[this.#at] ?? '')) this.#fail('in \\u hexadecimal character escape');
    return index + 4;
  }

  #array(): Json[] {
    const items: Json[] = [];
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === ']') {
      this.#at += 1;
      return items;
    }
    for (;;) {
      this.#path.push(items.length);
      items.push(this.#value());
      this.#path.pop();
      this.#space();
      const character = this.#text[this.#at];
      if (character !== ',' && character !== ']') this.#fail('after array element');
      this.#at += 1;
      if (character === ']') return items;
    }
  }

  #object(): JsonObject {
    const object: JsonObject = {};
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === '}') {
      this.#at += 1;
      return object;
    }
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#fail('looking for beginning of object key string');
      const key = this.#string();
      this.#space();
      if (this.#text[this.#at] !== ':') this.#fail('after object key');
      this.#at += 1;
      this.#path.push(key);
      if (Object.hasOwn(object, key)) this.#list(this.duplicates);
      setOwn(object, key, this.#value());
      this.#path.pop();
      this.#space();
      const character = this.#text[this.#at];
      if (character !== ',' && character !== '}') this.#fail('after object key:value pair');
      this.#at += 1;
      if (character === '}') return object;
    }
  }

  #list(into: string[]): void {
    if (into.length < maxListed) into.push(formatPath(this.#path));
  }
}

/** As Go quotes the first byte of a character. */
function quoteCharacter(character: string): string {
  if (character === "'") return "'\\''";
  if (character === '"') return "'\"'";
  const byte = Buffer.from(character)[0] ?? 0;
  return `'${goQuote(String.fromCharCode(byte)).slice(1, -1)}'`;
}

/** Sets an own property, whatever its name: plain assignment to `__proto__` would set the prototype instead. */
export function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else object[key] = value;
}

/** `spec.containers[0].image`. */
export function formatPath(path: readonly (string | number)[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}
