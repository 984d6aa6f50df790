/** print-failures FILE...: what failed, from the results of vitest's JSON reporter: each test's name and the start of why. */

import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

interface TestResult {
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

/** A file that could not be loaded has a message and no tests. */
interface FileResult {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly TestResult[];
}

const linesOfReason = 8;

const start = (reason: string): string =>
  stripVTControlCharacters(reason)
    .split('\n')
    .slice(0, linesOfReason)
    .map((line) => `    ${line.slice(0, 300)}`)
    .join('\n');

function failuresOf(file: FileResult): string[] {
  const path = relative(process.cwd(), file.name);
  const failed = file.assertionResults.filter(({ status }) => status === 'failed');
  if (failed.length === 0) return file.status === 'failed' ? [`${path}\n${start(file.message)}`] : [];
  return failed.map((test) => `${path} > ${test.fullName}\n${start(test.failureMessages.join('\n'))}`);
}

for (const results of process.argv.slice(2).filter((path) => existsSync(path))) {
  const report = JSON.parse(readFileSync(results, 'utf8')) as { success: boolean; testResults: FileResult[] };
  const failures = report.testResults.flatMap(failuresOf);
  for (const failure of failures) process.stdout.write(`failed: ${failure}\n`);
  if (!report.success && failures.length === 0)
    process.stdout.write(`failed: ${results}: an error outside the tests\n`);
}
