/** Expressions as trees. The grammar is the library's; what the trees mean is said in `check.ts` and `evaluate.ts`. */
import { Environment } from '@marcbachmann/cel-js';

/** A node: `args` depends on `op`, as the library builds it. */
export interface Node {
  readonly op: string;
  readonly args: unknown;
  /** Where it stands in the text. */
  readonly pos: number;
  readonly start: number;
}

/** Why a text is no expression, in cel-go's form: what, and where. */
export class CelSyntaxError extends Error {
  override readonly name = 'CelSyntaxError';
}

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
  limits: { maxAstNodes: 20_000, maxDepth: 200 },
});

/** Reads an expression. Throws CelSyntaxError. */
export function parseExpression(text: string): Node {
  try {
    return environment.parse(text).ast as unknown as Node;
  } catch (error) {
    const { summary, message, range } = error as { summary?: string; message: string; range?: { start: number } };
    throw new CelSyntaxError(located(text, range?.start ?? 0, `Syntax error: ${summary ?? message}`));
  }
}

/** `ERROR: <input>:1:5: what` with the line and a mark under the place. */
export function located(text: string, at: number, what: string): string {
  const before = text.slice(0, at).split('\n');
  const line = before.length;
  const column = before.at(-1)?.length ?? 0;
  const shown = text.split('\n')[line - 1] ?? '';
  return `ERROR: <input>:${line}:${column + 1}: ${what}\n | ${shown}\n | ${'.'.repeat(column)}^`;
}

export const operandOf = (node: Node): Node => node.args as Node;
export const operandsOf = (node: Node): readonly [Node, Node, Node] => node.args as [Node, Node, Node];
export const fieldOf = (node: Node): readonly [Node, string] => node.args as [Node, string];
export const callOf = (node: Node): readonly [string, readonly Node[]] => node.args as [string, readonly Node[]];
export const memberCallOf = (node: Node): readonly [string, Node, readonly Node[]] =>
  node.args as [string, Node, readonly Node[]];
export const itemsOf = (node: Node): readonly Node[] => node.args as readonly Node[];
export const pairsOf = (node: Node): readonly (readonly [Node, Node])[] => node.args as [Node, Node][];

/** The name of an identifier; undefined for any other node. */
export const nameOf = (node: Node | undefined): string | undefined =>
  node?.op === 'id' ? (node.args as string) : undefined;

/** `a.b` of a plain selection, which may be the name of a variable; '' for any other node. */
export function qualifiedName(node: Node): string {
  if (node.op !== '.') return '';
  const [operand, field] = fieldOf(node);
  const root = nameOf(operand);
  return root === undefined ? '' : `${root}.${field}`;
}

/** Macros over lists and maps, with how many variables and further arguments they take. */
export interface Comprehension {
  readonly name: string;
  readonly range: Node;
  /** One or two names. */
  readonly variables: readonly string[];
  readonly bodies: readonly Node[];
}

const arities: Readonly<Record<string, readonly (readonly [variables: number, bodies: number])[]>> = {
  all: [
    [1, 1],
    [2, 1],
  ],
  exists: [
    [1, 1],
    [2, 1],
  ],
  exists_one: [[1, 1]],
  existsOne: [[2, 1]],
  map: [
    [1, 1],
    [1, 2],
  ],
  filter: [[1, 1]],
  transformList: [
    [2, 1],
    [2, 2],
  ],
  transformMap: [
    [2, 1],
    [2, 2],
  ],
};

/** A member call as a macro over its receiver; undefined when it is none. */
export function comprehensionOf(node: Node): Comprehension | undefined {
  const [name, range, args] = memberCallOf(node);
  const shapes = Object.hasOwn(arities, name) ? (arities[name] ?? []) : [];
  for (const [count, bodies] of shapes) {
    if (args.length !== count + bodies) continue;
    const variables = args.slice(0, count).map(nameOf);
    if (variables.some((each) => each === undefined)) continue;
    return { name, range, variables: variables as string[], bodies: args.slice(count) };
  }
  return undefined;
}

/** The names in use below a node, macros' variables aside. */
export function mentions(node: Node, name: string): boolean {
  if (nameOf(node) === name) return true;
  const children = Array.isArray(node.args) ? (node.args as unknown[]).flat(2) : [node.args];
  return children.some((child) => isNode(child) && mentions(child, name));
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'op' in value;

/** Property names as expressions write them (apiserver's cel.Escape), and back. */
const escapes: readonly (readonly [string, string])[] = [
  ['__underscores__', '__'],
  ['__dot__', '.'],
  ['__dash__', '-'],
  ['__slash__', '/'],
];
const reserved =
  /^__(true|false|null|in|as|break|const|continue|else|for|function|if|import|let|loop|package|namespace|return|var|void|while)__$/;

export function unescapeName(name: string): string {
  const word = reserved.exec(name);
  if (word !== null) return word[1] ?? name;
  return escapes.reduce((text, [from, to]) => text.replaceAll(from, to), name);
}
