/** JSON values as YAML text, in the plain block style that people read. Strings that could be taken for something else are quoted. */
import type { Json } from '@skiff/api';

/** Block YAML of a document, ending in a newline. */
export function toYaml(value: Json): string {
  return `${block(value, '').trimStart()}\n`;
}

const isEmpty = (value: Json): boolean =>
  Array.isArray(value)
    ? value.length === 0
    : typeof value === 'object' && value !== null && Object.keys(value).length === 0;

const isInline = (value: Json): boolean => typeof value !== 'object' || value === null || isEmpty(value);

/** A value that starts on a new line, every line indented. */
function block(value: Json, indent: string): string {
  if (isInline(value)) return `${indent}${inline(value, indent)}`;
  if (Array.isArray(value))
    return value.map((item) => `${indent}- ${block(item, `${indent}  `).trimStart()}`).join('\n');
  return Object.entries(value as Record<string, Json>)
    .map(([key, item]) => entry(key, item, indent))
    .join('\n');
}

function entry(key: string, value: Json, indent: string): string {
  const name = `${indent}${text(key)}:`;
  if (isInline(value)) return `${name} ${inline(value, indent)}`;
  // Sequences under a key are not indented further, as Kubernetes' own YAML has them.
  return `${name}\n${block(value, Array.isArray(value) ? indent : `${indent}  `)}`;
}

function inline(value: Json, indent: string): string {
  if (typeof value === 'string') return literal(value, indent) ?? text(value);
  return JSON.stringify(value);
}

/** A text of several lines as a literal block, when a block can hold it. */
function literal(value: string, indent: string): string | undefined {
  if (!value.includes('\n') || !/^[^\s]/.test(value) || /[^\n\x20-\x7e\u00a0-\ud7ff]|[ \t]\n|[ \t]$/.test(value))
    return undefined;
  const body = value.replace(/\n+$/, '');
  const tail = value.length - body.length;
  const chomp = tail === 0 ? '-' : tail === 1 ? '' : '+';
  const lines = `${body}${'\n'.repeat(Math.max(0, tail - 1))}`.split('\n');
  return `|${chomp}\n${lines.map((line) => (line === '' ? '' : `${indent}  ${line}`)).join('\n')}`;
}

/** What YAML 1.1 or 1.2 would read as something else than a string. */
const ambiguous = /^(?:[~-]|null|true|false|yes|no|on|off|y|n|[-+.]?\d.*|[-+]?\.(?:inf|nan)|=|<<)$/i;
const plain = /^[A-Za-z0-9_/.(+][A-Za-z0-9_/.()+ -]*(?::[A-Za-z0-9_/.()+-]+)*$/;

function text(value: string): string {
  return plain.test(value) && !ambiguous.test(value) && !value.endsWith(' ') ? value : JSON.stringify(value);
}
