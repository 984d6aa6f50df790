/** What a container said at its end: its termination message file, or the end of its log (container.terminationMessagePolicy). */
import { constants, open } from 'node:fs/promises';
import type { Container } from '@skiff/api';
import { type ContainerStatus, isRuntimeError, type Runtime } from '../runtime/contract.ts';

/** Kubernetes' limits: the last 4096 bytes of a file, 80 lines or 2048 bytes of a log. */
const maxFileBytes = 4096;
const maxLogBytes = 2048;
const maxLogLines = 80;

export async function readLastWords(
  runtime: Runtime,
  file: string,
  container: Container | undefined,
  dead: ContainerStatus,
): Promise<string> {
  const written = await readEnd(file);
  const wantsLog = container?.terminationMessagePolicy === 'FallbackToLogsOnError';
  if (written !== '' || !wantsLog || dead.exitCode === 0) return written;
  return readLogTail(runtime, dead.id);
}

async function readEnd(file: string): Promise<string> {
  // A container writes it: what it is a link to is none of the container's words.
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
  if (handle === undefined) return '';
  try {
    const from = Math.max(0, (await handle.stat()).size - maxFileBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(maxFileBytes), 0, maxFileBytes, from);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await handle.close();
  }
}

async function readLogTail(runtime: Runtime, id: string): Promise<string> {
  const parts: Uint8Array[] = [];
  const { signal } = new AbortController();
  const options = { follow: false, timestamps: false, tail: maxLogLines, signal };
  try {
    for await (const { data } of runtime.logs(id, options)) parts.push(data);
  } catch (error) {
    // A log that is lost or damaged has no words; an engine that is away will have them later.
    if (isRuntimeError(error, 'unavailable')) throw error;
  }
  const all = Buffer.concat(parts);
  return all.subarray(Math.max(0, all.length - maxLogBytes)).toString('utf8');
}
