/** Options that every command about a cluster on this machine shares. */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';

export const repositoryDir = fileURLToPath(new URL('../../../..', import.meta.url));

/** `.skiff` beside the repository's README. */
export const defaultStateDir = join(repositoryDir, '.skiff');

export interface StateOptions {
  readonly state: string;
}

export function withState(command: Command): Command {
  return command.option('--state <folder>', 'the cluster’s folder', (value) => resolve(value), defaultStateDir);
}
