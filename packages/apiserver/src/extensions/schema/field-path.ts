/** Paths to fields of a schema, as CEL rules (`fieldPath`) and selectable fields name them: `.spec.a`, `['a.b']`. */
import { type JsonSchema, propertyOf, valuesOf } from './json-schema.ts';

export type FieldPath =
  | { readonly path: readonly string[]; readonly text: string; readonly schema: JsonSchema }
  | { readonly fault: string };

const token = /'(?:\\.|[^'\\])*'|[.[\]]|[^.[\]]+/gy;
const escapes: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', "'": "'", '\\': '\\' },
};

/** Follows a path through a schema. `brackets` allows `['key']`. */
export function readFieldPath(text: string, root: JsonSchema, brackets = true): FieldPath {
  const tokens = text.match(token) ?? [];
  const path: string[] = [];
  let shown = '';
  let schema: JsonSchema | undefined = root;
  let index = 0;
  while (index < tokens.length) {
    const opening = tokens[index];
    if (opening !== '.' && opening !== '[') return { fault: `expected [ or . but got: ${opening}` };
    if (opening === '[' && !brackets) return { fault: 'array notation is not allowed' };
    const name = opening === '.' ? tokens[index + 1] : quoted(tokens[index + 1]);
    if (tokens[index + 1] === undefined) return { fault: 'unexpected end of JSON path' };
    if (name === undefined) return { fault: `expected single quoted string but got ${tokens[index + 1]}` };
    if (opening === '[' && tokens[index + 2] !== ']') {
      const got = tokens[index + 2];
      return { fault: got === undefined ? 'unexpected end of JSON path' : `expected ] but got ${got}` };
    }
    index += opening === '.' ? 2 : 3;
    const isNamed: boolean = Object.keys(schema.properties ?? {}).length > 0;
    schema = isNamed ? propertyOf(schema, name) : valuesOf(schema);
    if (schema === undefined) return { fault: 'does not refer to a valid field' };
    path.push(name);
    shown += isNamed ? `.${name}` : `[${name}]`;
  }
  return { path, text: shown.replace(/^\./, ''), schema };
}

function quoted(text: string | undefined): string | undefined {
  if (text === undefined || text.length < 2 || !text.startsWith("'") || !text.endsWith("'")) return undefined;
  return text.slice(1, -1).replaceAll(/\\(.)/g, (_, character: string) => escapes[character] ?? character);
}
