import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { judge, parseLedger, report } from './ledger.ts';

const text = 'id\tarea\tneeds\tbehaviour\nC001\ta\tapi\tone\nC002\ta\tapi\ttwo\nC003\tb\tnode\tthree\n';
const results = (...tests: [title: string, status: string][]) => ({
  testResults: [{ assertionResults: tests.map(([title, status]) => ({ title, status })) }],
});

test('a line passes when every test of its id does', () => {
  const lines = parseLedger(text);
  const verdicts = judge(
    lines,
    results(['C001 one', 'passed'], ['C002 two', 'failed'], ['C002 two again', 'passed'], ['else', 'failed']),
  );
  expect([...verdicts]).toEqual([
    ['C001', 'passed'],
    ['C002', 'failed'],
    ['C003', 'not written'],
  ]);
  expect(report(lines, verdicts).split('\n')).toEqual([
    'area              passed  failed  not written',
    'a                      1       1            0',
    'b                      0       0            1',
    'all                    1       1            1',
    'failed: C002 two',
    'not written: C003 three',
  ]);
});

test('a test of no line, a broken line and an id that comes twice are faults', () => {
  expect(() => judge(parseLedger(text), results(['C004 four', 'passed']))).toThrow('no line of the ledger: C004 four');
  expect(() => parseLedger(`${text}C4\ta\tapi\tfour\n`)).toThrow('not a line of the ledger: C4\ta\tapi\tfour');
  expect(() => parseLedger(`${text}C001\ta\tapi\tone\n`)).toThrow('C001 is twice in the ledger');
});

test('the ledger can be read', async () => {
  expect(parseLedger(await readFile(new URL('../ledger.tsv', import.meta.url), 'utf8')).length).toBeGreaterThan(0);
});
