/** Reads a pull's or load's progress to its end. Failures come as a line of it, not as a status. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** The `stream` texts it said. Throws an Error with the engine's words at the first error line, or when it breaks off. */
export async function readProgress(stream: Readable): Promise<readonly string[]> {
  const said: string[] = [];
  let broken: Error | undefined;
  stream.on('error', (error) => {
    broken = error;
  });
  const lines = createInterface({ input: stream });
  stream.once('close', () => lines.close());
  for await (const line of lines) {
    const { error, text } = parseLine(line);
    if (error !== undefined) {
      stream.destroy();
      throw new Error(error);
    }
    if (text !== undefined) said.push(text);
  }
  if (broken !== undefined) throw broken;
  return said;
}

function parseLine(line: string): { readonly error?: string; readonly text?: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return {};
  }
  if (typeof parsed !== 'object' || parsed === null) return {};
  const error: unknown = Reflect.get(parsed, 'error');
  const text: unknown = Reflect.get(parsed, 'stream');
  return {
    ...(typeof error === 'string' ? { error } : {}),
    ...(typeof text === 'string' ? { text: text.trim() } : {}),
  };
}
