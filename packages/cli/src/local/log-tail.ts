/** The last words of a daemon, for an error message. */
import { readFile } from 'node:fs/promises';
import { type Folders, logPath } from './daemons.ts';

const longestLine = 400;

export async function logTail(folders: Folders, name: string, lines = 8): Promise<string> {
  const file = logPath(folders, name);
  const text = await readFile(file, 'utf8').catch(() => '');
  const last = text.trimEnd().split('\n').slice(-lines).map(readable);
  return `--- last of ${file}\n${last.join('\n')}`;
}

/** A JSON log line as `level message: error`; any other line as it is. Cut to a length that a terminal can show. */
export function readable(line: string): string {
  return shorten(sentence(line) ?? line);
}

function sentence(line: string): string | undefined {
  try {
    const { level, msg, err } = JSON.parse(line) as { level?: string; msg?: string; err?: { message?: string } };
    if (typeof msg !== 'string') return undefined;
    return `${level ?? ''} ${msg}${err?.message === undefined ? '' : `: ${err.message}`}`.trim();
  } catch {
    return undefined;
  }
}

const shorten = (text: string): string => (text.length > longestLine ? `${text.slice(0, longestLine)}…` : text);
