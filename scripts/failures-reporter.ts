/** A reporter for vitest: adds what failed to the file `SKIFF_FAILURES`: names of tests, errors outside of tests, and the start of why. */
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Reporter, TestModule } from 'vitest/node';

interface Reason {
  readonly message: string;
  readonly stack?: string | undefined;
}

const linesOfReason = 8;

export default class FailuresReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], outside: readonly Reason[]): void {
    const file = process.env.SKIFF_FAILURES;
    if (file === undefined) throw new Error('SKIFF_FAILURES does not say which file the failures go to');
    const failures = [
      ...modules.flatMap(failuresOf),
      ...outside.map((error) => entry('an error outside of the tests', [error])),
    ];
    appendFileSync(file, failures.join(''));
  }
}

/** A module that could not be loaded has errors of its own, and so has a suite whose hooks failed. */
function failuresOf(module: TestModule): string[] {
  const path = relative(process.cwd(), module.moduleId);
  const failed: string[] = [];
  if (module.errors().length > 0) failed.push(entry(path, module.errors()));
  for (const suite of module.children.allSuites())
    if (suite.errors().length > 0) failed.push(entry(`${path} > ${suite.fullName}`, suite.errors()));
  for (const test of module.children.allTests('failed'))
    failed.push(entry(`${path} > ${test.fullName}`, test.result().errors ?? []));
  return failed;
}

const entry = (name: string, reasons: readonly Reason[]): string =>
  `failed: ${name}\n${reasons.map((reason) => `${start(reason)}\n`).join('')}`;

const start = ({ message, stack }: Reason): string =>
  stripVTControlCharacters(stack?.includes(message) ? stack : `${message}\n${stack ?? ''}`)
    .split('\n')
    .slice(0, linesOfReason)
    .map((line) => `    ${line.slice(0, 300)}`)
    .join('\n');
