/**
 * The highest version of this node's pods that the agent has seen, kept on disk: after its own restart it must not believe
 * an API server that lags. It holds for one cluster; a cluster made anew in the same place begins at its own beginning.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@skiff/api';
import type { VersionMemory } from '@skiff/client';

export interface PodMemory extends VersionMemory {
  /** Resolves when everything seen so far is on disk. */
  flushed(): Promise<void>;
}

/** `cluster` names the cluster for good: the uid of its kube-system Namespace. */
export async function openPodMemory(rootDir: string, cluster: string, logger: Logger): Promise<PodMemory> {
  const file = join(rootDir, 'pods-seen.json');
  const lowest = parseMemory(await readFile(file, 'utf8').catch(() => ''), cluster);
  let seen = lowest;
  let written = lowest;
  let writing: Promise<void> | undefined;

  const write = async (): Promise<void> => {
    while (written < seen) {
      const version = seen;
      try {
        await writeFile(`${file}.new`, `${JSON.stringify({ cluster, version: String(version) })}\n`, { mode: 0o600 });
        await rename(`${file}.new`, file);
      } catch (error) {
        logger.error({ err: error, file }, 'cannot remember which pods were seen');
        break;
      }
      written = version;
    }
    writing = undefined;
  };

  return {
    lowest,
    onSeen(version) {
      seen = version;
      writing ??= write();
    },
    flushed: () => writing ?? Promise.resolve(),
  };
}

/** 0 for a damaged text, or one of another cluster. */
export function parseMemory(text: string, cluster: string): bigint {
  try {
    const parsed = JSON.parse(text) as { readonly cluster?: unknown; readonly version?: unknown } | null;
    if (parsed?.cluster !== cluster || typeof parsed.version !== 'string') return 0n;
    return /^\d{1,20}$/.test(parsed.version) ? BigInt(parsed.version) : 0n;
  } catch {
    return 0n;
  }
}
