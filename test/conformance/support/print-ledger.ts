import { readFile } from 'node:fs/promises';
import { judge, parseLedger, type Results, report } from './ledger.ts';

const [file = ''] = process.argv.slice(2);
const lines = parseLedger(await readFile(new URL('../ledger.tsv', import.meta.url), 'utf8'));
const results = JSON.parse(
  await readFile(file, 'utf8').catch(() => {
    throw new Error(`${file} cannot be read: run scripts/test first`);
  }),
) as Results;
console.log(report(lines, judge(lines, results)));
