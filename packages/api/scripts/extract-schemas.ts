/**
 * Writes `packages/api/generated/schemas.json`: every built-in type of Kubernetes v1.32's GA groups, read from the npm
 * package `kubernetes-models`. Interfaces give names, documentation, required fields and enums; the package's own
 * validators are asked with wrong values for what TypeScript cannot say (integer or number, int32, int64, byte).
 * Anything this script does not understand ends it with an error: a schema is never written with a hole.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { extract } from './extract/extract.ts';

const output = join(dirname(fileURLToPath(import.meta.url)), '..', 'generated', 'schemas.json');

const table = await extract();
const text = `${JSON.stringify(table)}\n`;
mkdirSync(dirname(output), { recursive: true });
const before = readIfThere(output);
if (before !== text) writeFileSync(output, text);
console.log(`${Object.keys(table).length} types, ${Math.round(text.length / 1024)} KiB: ${output}`);

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
