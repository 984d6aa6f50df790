/** Options that every command about a cluster on this machine shares. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';

/** `.skiff` beside the repository's README. */
export const defaultStateDir = fileURLToPath(new URL('../../../../.skiff', import.meta.url));

export interface StateOptions {
  readonly state: string;
}

export function withState(command: Command): Command {
  return command.option('--state <folder>', 'the cluster’s folder', (value) => resolve(value), defaultStateDir);
}
