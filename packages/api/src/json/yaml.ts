/**
 * YAML in, read as Kubernetes' own tools read it: YAML 1.1's values (yaml-scalars.ts), YAML 1.2's syntax, no tags that
 * make anything but JSON, no merge keys (docs/decisions/yaml-merge-keys.md). Aliases may be used, but not to blow a small text up.
 */
import { isAlias, isMap, isScalar, isSeq, type Node, parseAllDocuments, type Scalar, visit } from 'yaml';
import { badRequest } from '../errors.ts';
import type { Json } from '../object.ts';
import { setOwn } from './exact.ts';
import { maxJsonDepth, type Parsed } from './parse.ts';
import { indentContinued } from './yaml-columns.ts';
import { resolvePlain } from './yaml-scalars.ts';

/** YAML is read some fifty times slower than JSON: this much takes a second, on a thread that has nothing else to do. */
export const maxYamlLength = 1024 * 1024;
/** How many values all aliases of a document may stand for together. */
const maxAliasedValues = 10_000;
const maxListed = 100;

/**
 * Reads every document of a text; empty ones are left out. `duplicates` lists repeated keys, of which the last stands.
 * A program that reads its own user's files may raise `maxLength` (characters). Throws BadRequest with the place of the fault.
 */
export function parseYaml(text: string, maxLength: number = maxYamlLength): Parsed[] {
  if (text.length > maxLength) throw badRequest(`yaml: a document may have at most ${maxLength} characters`);
  try {
    return readAll(indentContinued(text));
  } catch (error) {
    // The reader descends by recursion; a text made to nest for ever ends here.
    if (error instanceof RangeError) throw badRequest('yaml: exceeded max depth');
    throw error;
  }
}

/** What go-yaml takes for no text at all. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
const controls = /[\0-\x08\v\f\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/;

function readAll(text: string): Parsed[] {
  if (controls.test(text)) throw badRequest('yaml: control characters are not allowed');
  const documents = parseAllDocuments(text, {
    schema: 'core',
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  if (!Array.isArray(documents)) return [];
  const parsed: Parsed[] = [];
  for (const document of documents) {
    const fault = document.errors[0] ?? document.warnings[0];
    if (fault !== undefined) {
      // The library reports its own exhausted stack as a fault of the text.
      if (fault.message.startsWith('Maximum call stack')) throw badRequest('yaml: exceeded max depth');
      throw badRequest(`yaml: line ${lineAt(text, fault.pos[0])}: ${fault.message}`);
    }
    const contents = document.contents as Node | null;
    if (contents === null || (isScalar(contents) && contents.value === null)) continue;
    const reader = new Reader(text, (alias) => (isAlias(alias) ? alias.resolve(document) : undefined));
    parsed.push({ value: reader.read(contents), duplicates: repeatedKeys(contents, text), fractions: [] });
  }
  return parsed;
}

/** Turns nodes into JSON, counting what aliases multiply. */
class Reader {
  readonly #resolve: (alias: Node) => Node | undefined;
  readonly #open = new Set<Node>();
  readonly #end: number;
  #aliased = 0;
  #aliasDepth = 0;

  constructor(text: string, resolve: (alias: Node) => Node | undefined) {
    this.#resolve = resolve;
    this.#end = /\S[^\n]*$/.test(text.slice(text.lastIndexOf('\n') + 1)) ? text.length : Number.POSITIVE_INFINITY;
  }

  read(node: Node | null | undefined, depth = 0): Json {
    if (depth > maxJsonDepth) throw badRequest('yaml: exceeded max depth');
    if (node === null || node === undefined) return null;
    if (this.#aliasDepth > 0) {
      this.#aliased += 1;
      if (this.#aliased > maxAliasedValues) throw badRequest('yaml: document contains excessive aliasing');
    }
    if (isAlias(node)) return this.#alias(node, depth);
    if (isScalar(node)) return this.#scalar(node);
    if (isSeq(node)) return node.items.map((item) => this.read(item as Node | null, depth + 1));
    if (isMap(node)) return this.#map(node.items as readonly PairNode[], depth);
    throw badRequest('yaml: unknown kind of value');
  }

  #alias(node: Node, depth: number): Json {
    const target = this.#resolve(node);
    if (target === undefined) throw badRequest('yaml: unknown anchor');
    if (this.#open.has(target)) throw badRequest('yaml: an anchor contains itself');
    this.#open.add(target);
    this.#aliasDepth += 1;
    const value = this.read(target, depth);
    this.#aliasDepth -= 1;
    this.#open.delete(target);
    return value;
  }

  #map(items: readonly PairNode[], depth: number): Json {
    const map: Record<string, Json> = {};
    for (const { key, value } of items) setOwn(map, this.#key(key), this.read(value, depth + 1));
    return map;
  }

  /** A block that the text's end cuts off has no line end of its own. */
  #scalar(node: Scalar): Json {
    if (isPlain(node)) return resolvePlain(node.source);
    const value = toJsonScalar(node.value);
    const isCut = node.type?.startsWith('BLOCK') === true && (node.range?.[1] ?? 0) >= this.#end;
    return isCut && typeof value === 'string' ? value.replace(/\n$/, '') : value;
  }

  #key(node: Node | null): string {
    if (isMergeKey(node)) throw badRequest('yaml: merge keys (<<) are not allowed');
    const value = this.read(node);
    if (typeof value === 'object') throw badRequest('yaml: a key must be a string, a number or a boolean');
    return String(value);
  }
}

interface PairNode {
  readonly key: Node | null;
  readonly value: Node | null;
}

const isMergeKey = (key: Node | null): boolean => isScalar(key) && key.value === '<<' && key.type === 'PLAIN';

/** What was written without quotes and without a tag. */
const isPlain = (node: Scalar): node is Scalar & { source: string } =>
  node.type === 'PLAIN' && node.tag === undefined && node.source !== undefined;

function toJsonScalar(value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value === 'boolean') return value;
  // Documents are typed as JSON; a bigint stands for a number and is written as one.
  if (typeof value === 'bigint') return value as unknown as number;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'number') throw badRequest(`json: unsupported value: ${value}`);
  throw badRequest('yaml: only values that JSON has are allowed');
}

/** What go-yaml's strict reader says of keys that a mapping holds more than once, in the order of the text. */
function repeatedKeys(root: Node, text: string): string[] {
  const found: { readonly at: number; readonly key: string }[] = [];
  visit(root, {
    Map(_key, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const name = isPlain(key) ? keyText(key.source) : JSON.stringify(String(key.value));
        if (seen.has(name) && found.length < maxListed) found.push({ at: key.range?.[0] ?? 0, key: name });
        seen.add(name);
      }
    },
  });
  found.sort((a, b) => a.at - b.at);
  return found.map(({ at, key }) => `line ${lineAt(text, at)}: key ${key} already set in map`);
}

/** go-yaml takes `1` and `"1"` for two keys, and `yes` and `true` for one. */
const keyText = (source: string): string => {
  const value = resolvePlain(source);
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
};

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;
