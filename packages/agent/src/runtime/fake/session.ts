/** A conversation with a fake process. */
import type { OutputChunk, Session } from '../contract.ts';
import type { FakeProcess } from './process.ts';

export function sessionOf(
  process: FakeProcess | undefined,
  output: AsyncIterable<OutputChunk>,
  exitCode: () => Promise<number | undefined>,
  close: () => Promise<void>,
): Session {
  return {
    output,
    async write(data) {
      process?.write(data);
    },
    closeInput: () => process?.closeInput(),
    async resize() {},
    exitCode,
    close,
  };
}
