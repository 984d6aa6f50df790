/**
 * JSON in. The engine's own parser does the work; this adds what a server must not let through: nesting that would break
 * what walks the document later, repeated keys, integers that would lose digits, and text that is no Unicode.
 */
import { ApiError, badRequest } from '../errors.ts';
import type { Json } from '../object.ts';
import { countJson } from './count.ts';
import { JsonSyntaxError, parseExact, setOwn } from './exact.ts';
import { countKeys, scanJson } from './scan.ts';

/** No real document nests a tenth of this; everything that walks documents by recursion is safe below it. */
export const maxJsonDepth = 1000;

export interface ParseOptions {
  /** Look for repeated keys (field validation Strict and Warn). Costs about as much again as parsing. */
  readonly duplicates?: boolean;
  /** Refuse what holds too many values (RequestEntityTooLarge). */
  readonly bounded?: boolean;
}

export interface Parsed {
  readonly value: Json;
  /** What a strict reader says of each repeated key, in Kubernetes' words; always empty when it was not asked for. The last value stands. */
  readonly duplicates: readonly string[];
  /** Paths of numbers such as `1.0` and `1e3`, which no integer field takes. */
  readonly fractions: readonly string[];
}

const surrogateEscape = /\\u[dD][89a-fA-F]/;
const none: readonly string[] = [];

/**
 * Reads a document. Integers beyond 2^53 come back as bigint where a number is typed, and are written exactly by
 * `JSON.stringify`; keys such as `__proto__` are own properties. Throws BadRequest with Go's words for the fault.
 */
export const parseJson = (text: string, options: ParseOptions = {}): Parsed =>
  parseQuickly(text, options) ?? parseThoroughly(text, options);

/** The same by the engine alone; undefined for a text that needs the reader of our own, whether for its values or for its faults. */
export function parseQuickly(text: string, options: ParseOptions = {}): Parsed | undefined {
  const { depth, keys, oddNumbers } = scanJson(text, maxJsonDepth);
  // Whatever is wrong first is said by the other reader.
  if (depth > maxJsonDepth) return undefined;
  if (options.bounded === true) refuseTooManyValues(text);
  if (oddNumbers) return undefined;
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  if (options.duplicates === true && keys !== countKeys(value)) return undefined;
  return wellFormed(text, { value, duplicates: none, fractions: none });
}

/** The same by the reader of our own, which is several times slower. */
export function parseThoroughly(text: string, { bounded }: ParseOptions = {}): Parsed {
  try {
    const { value, duplicates, fractions, bigIntegers } = parseExact(text, maxJsonDepth);
    if (bounded === true && bigIntegers > most.bigIntegers) throw tooMany(most.bigIntegers, 'integers beyond 2^53');
    return wellFormed(text, { value, fractions, duplicates: duplicates.map((path) => `duplicate field "${path}"`) });
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw badRequest(`json: ${error.message}`);
    throw error;
  }
}

/** What a text may hold: far more than any real document of its greatest size, and little enough for a server to go through in one turn. */
const most = { differentKeys: 40_000, keys: 150_000, values: 200_000, bigIntegers: 20_000 };
/** A shorter text cannot hold as much. */
const countedLength = 128 * 1024;

/** Throws RequestEntityTooLarge for a text that holds too many values for its size. */
export function refuseTooManyValues(text: string): void {
  if (text.length <= countedLength) return;
  const count = countJson(text, most.differentKeys);
  for (const [what, words] of [
    ['differentKeys', 'different keys'],
    ['keys', 'keys'],
    ['values', 'values'],
  ] as const)
    if (count[what] > most[what]) throw tooMany(most[what], words);
}

/** Throws the same for keys that are not written yet. */
export function refuseTooManyKeys(differentKeys: number): void {
  if (differentKeys > most.differentKeys) throw tooMany(most.differentKeys, 'different keys');
}

const tooMany = (limit: number, words: string): ApiError =>
  new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${limit} ${words}`);

/** Half a surrogate pair is no character: it becomes U+FFFD, as in Go, so that what is stored is what is returned. */
function wellFormed(text: string, parsed: Parsed): Parsed {
  if (text.isWellFormed() && !(text.includes('\\') && surrogateEscape.test(text))) return parsed;
  return { ...parsed, value: repaired(parsed.value) };
}

function repaired(value: Json): Json {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(repaired);
  if (typeof value !== 'object' || value === null) return value;
  const object = {};
  for (const [key, field] of Object.entries(value)) setOwn(object, key.toWellFormed(), repaired(field));
  return object;
}
