import { hostname } from 'node:os';
import { realClock } from '@skiff/api';
import type { Command } from 'commander';
import { hostLayouts } from '../local/layout.ts';
import { lockFile, withLock } from '../local/lock.ts';
import { createProgress } from '../output/progress.ts';
import { type StateOptions, withState } from './local-options.ts';

interface DownOptions extends StateOptions {
  readonly images: boolean;
}

/** `skiff down`: after it nothing of the cluster is left; doing it twice is no error. */
export function register(program: Command): void {
  withState(program.command('down').description('stop the cluster on this machine and remove every trace of it'))
    .option('--no-images', 'remove built images and the compile cache too')
    .action(runDown);
}

async function runDown(options: DownOptions): Promise<void> {
  const { rememberedConfig, strayConfig } = await import('../local/remember.ts');
  const { down } = await import('../local/down.ts');
  const config = (await rememberedConfig(options.state)) ?? (await strayConfig(options.state));
  if (config === undefined) {
    process.stdout.write(`there is no cluster in ${options.state}\n`);
    return;
  }
  const progress = createProgress(realClock, (line) => process.stderr.write(`${line}\n`));
  const hosts = hostLayouts(config, hostname());
  await withLock(lockFile(config.name), () =>
    down({ config, hosts, clock: realClock, progress, keepImages: options.images }),
  );
  process.stdout.write('the cluster is down\n');
}
