/** What users pick out of objects: kubectl's `jsonpath=` and `custom-columns=`. Pure. */
import { type Json, type JsonPath, parseJsonPath } from '@skiff/api';

type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'path'; readonly path: JsonPath }
  | { readonly type: 'range'; readonly path: JsonPath; readonly body: readonly Part[] };

/** Reads a template such as `{range .items[*]}{.metadata.name}{"\\n"}{end}`. Throws Error that says what is wrong. */
export function jsonPathTemplate(template: string): (value: Json) => string {
  const pieces = template.match(/\{(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^{}"'])*\}|[^{]+/g) ?? [];
  if (pieces.join('') !== template) throw new Error(`unclosed action in the template ${template}`);
  const open: { readonly path: JsonPath | undefined; readonly body: Part[] }[] = [{ path: undefined, body: [] }];
  for (const piece of pieces) {
    const inside = piece.startsWith('{') ? piece.slice(1, -1).trim() : undefined;
    const top = open.at(-1)?.body ?? [];
    if (inside === undefined) top.push({ type: 'text', text: piece });
    else if (/^["']/.test(inside)) top.push({ type: 'text', text: quoted(inside) });
    else if (inside === 'end') {
      const ended = open.pop();
      if (ended?.path === undefined) throw new Error('not in range, nothing to end');
      open.at(-1)?.body.push({ type: 'range', path: ended.path, body: ended.body });
    } else if (/^range\s/.test(inside)) open.push({ path: parseJsonPath(inside.slice(5)), body: [] });
    else top.push({ type: 'path', path: parseJsonPath(inside.replace(/^@/, '')) });
  }
  const [whole] = open;
  if (whole === undefined || open.length > 1) throw new Error('unterminated range');
  return (value) => fill(whole.body, value);
}

/** Go's escapes in a quoted text, as far as JSON has them too. */
function quoted(text: string): string {
  const body = text.slice(1, -1);
  return JSON.parse(`"${text.startsWith("'") ? body.replaceAll('"', '\\"') : body}"`) as string;
}

function fill(parts: readonly Part[], value: Json): string {
  return parts
    .map((part) => {
      if (part.type === 'text') return part.text;
      const found = part.path.find(value);
      return part.type === 'path' ? found.map(shown).join(' ') : found.map((each) => fill(part.body, each)).join('');
    })
    .join('');
}

const shown = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

export interface CustomColumns {
  readonly header: readonly string[];
  row(object: Json): string[];
}

/** Reads `NAME:.metadata.name,IMAGE:.spec.containers[*].image`. Throws Error that says what is wrong. */
export function customColumns(spec: string): CustomColumns {
  const columns = spec.split(/,(?![^[]*\])/).map((column) => {
    const colon = column.indexOf(':');
    if (colon < 0) throw new Error(`unexpected custom-columns spec: ${column}, expected <header>:<json-path-expr>`);
    const path = column.slice(colon + 1).replace(/^\{(.*)\}$/, '$1');
    return { header: column.slice(0, colon), path: parseJsonPath(/^[.[$]/.test(path) ? path : `.${path}`) };
  });
  return {
    header: columns.map(({ header }) => header),
    row: (object) => columns.map(({ path }) => path.find(object).map(shown).join(',') || '<none>'),
  };
}
