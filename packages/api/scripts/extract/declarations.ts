/** Reads one generated declaration file of `kubernetes-models`. Its form is regular, and any other form is an error. */

/** A property's type as written: names are still the file's own. */
export type TypeNode =
  | { readonly is: 'string' | 'number' | 'boolean' }
  | { readonly is: 'literals'; readonly values: readonly string[] }
  | { readonly is: 'array' | 'map'; readonly of: TypeNode }
  /** An object written out in place instead of by name; only its property names matter. */
  | { readonly is: 'inline'; readonly properties: readonly string[] }
  | { readonly is: 'name'; readonly name: string };

export interface PropertyNode {
  readonly name: string;
  readonly optional: boolean;
  readonly description: string;
  readonly type: TypeNode;
}

export interface Declaration {
  readonly description: string;
  /** The name other files import: `IoK8sApiCoreV1PodSpec`, without the leading I of interfaces. */
  readonly mangled: string;
  /** The interface's name inside this file. */
  readonly local: string;
  /** A kind: it has apiVersion and kind, which TypeScript fixes to one value each. */
  readonly isKind: boolean;
  /** Undefined for an alias such as Quantity. */
  readonly properties?: readonly PropertyNode[];
}

/** Throws an Error naming `file` when the text is not of the expected form. */
export function parseDeclaration(text: string, file: string): Declaration {
  const fail = (why: string): never => {
    throw new Error(`${file}: ${why}`);
  };
  const exported = /^export type \{ I\w+ as I(\w+), \w+ as \w+ \};$/m.exec(text) ?? fail('no exported name');
  const mangled = exported[1] ?? fail('no exported name');
  const alias = /^((?:\/\*\*[\s\S]*?\*\/\n)?)export type (I\w+) = /m.exec(text);
  const head = /^export interface (I\w+)( extends TypeMeta)? \{$/m.exec(text);
  if (head === null) {
    if (alias === null) return fail('neither an interface nor an alias');
    return { description: documentation(alias[1] ?? ''), mangled, local: alias[2] ?? '', isKind: false };
  }
  const start = head.index + head[0].length + 1;
  const end = text.indexOf('\n}\n', start - 1);
  if (end < 0) return fail('the interface does not end');
  const before = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n$/.exec(text.slice(0, head.index))?.[0] ?? '';
  const body = text.slice(start, Math.max(start, end + 1));
  return {
    description: documentation(before),
    mangled,
    local: head[1] ?? '',
    isKind: head[2] !== undefined,
    properties: parseProperties(body, fail),
  };
}

const member = /\s*(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)?\s*"([^"]+)"(\?)?: /y;

function parseProperties(body: string, fail: (why: string) => never): PropertyNode[] {
  const properties: PropertyNode[] = [];
  let at = 0;
  while (body.slice(at).trim() !== '') {
    member.lastIndex = at;
    const match = member.exec(body) ?? fail(`cannot read a property at: ${body.slice(at, at + 80)}`);
    const parsed = parseType(body, member.lastIndex, fail);
    if (body[parsed.end] !== ';') fail(`a property does not end with ';' at: ${body.slice(at, at + 80)}`);
    properties.push({
      name: match[2] ?? '',
      optional: match[3] === '?',
      description: documentation(match[1] ?? ''),
      type: parsed.type,
    });
    at = parsed.end + 1;
  }
  return properties;
}

const token = /"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|\{(?:\s*\[key: string\]: )?/y;

function parseType(text: string, from: number, fail: (why: string) => never): { type: TypeNode; end: number } {
  token.lastIndex = from;
  const match = token.exec(text) ?? fail(`unknown type at: ${text.slice(from, from + 60)}`);
  const word = match[0];
  const after = token.lastIndex;
  if (word.startsWith('"')) return parseLiterals(text, from, fail);
  if (word === '{') {
    const close = text.indexOf('}', after);
    const names = parseProperties(text.slice(after, close), fail).map((property) => property.name);
    return { type: { is: 'inline', properties: names }, end: close + 1 };
  }
  if (word.startsWith('{')) {
    const inner = parseType(text, after, fail);
    const close =
      /^;\s*\}/.exec(text.slice(inner.end)) ?? fail(`a map does not end at: ${text.slice(from, from + 60)}`);
    return { type: { is: 'map', of: inner.type }, end: inner.end + close[0].length };
  }
  if (word === 'Array') {
    if (text[after] !== '<') fail('Array without <');
    const inner = parseType(text, after + 1, fail);
    if (text[inner.end] !== '>') fail(`Array does not end at: ${text.slice(from, from + 60)}`);
    return { type: { is: 'array', of: inner.type }, end: inner.end + 1 };
  }
  if (word === 'string' || word === 'number' || word === 'boolean') return { type: { is: word }, end: after };
  if (/^I[A-Z]\w*$/.test(word)) return { type: { is: 'name', name: word }, end: after };
  return fail(`unknown type ${word}`);
}

function parseLiterals(text: string, from: number, fail: (why: string) => never): { type: TypeNode; end: number } {
  const list = /"(?:[^"\\]|\\.)*"(?: \| "(?:[^"\\]|\\.)*")*/y;
  list.lastIndex = from;
  const match = list.exec(text) ?? fail(`cannot read literals at: ${text.slice(from, from + 60)}`);
  const values = match[0].split(' | ').map((part) => JSON.parse(part) as string);
  return { type: { is: 'literals', values }, end: list.lastIndex };
}

/** The text inside a doc comment. */
function documentation(comment: string): string {
  return comment
    .replace(/^\s*\/\*\*\s*/, '')
    .replace(/\s*\*\/\s*$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .replace(/\\([*/])/g, '$1')
    .trim();
}
