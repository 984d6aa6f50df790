/** Reading the extracted table of built-in types. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { RawTable } from './raw.ts';

/** Where `npm run schemas` writes the table. */
export const tableFile = fileURLToPath(new URL('../../generated/schemas.json', import.meta.url));

/** Throws an Error naming `npm run schemas` when the file is missing. */
export function readTable(file: string): RawTable {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Error(`The schemas of the built-in kinds are missing (${file}). Run: npm run schemas`, { cause });
  }
  return JSON.parse(text) as RawTable;
}
