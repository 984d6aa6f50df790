import { realClock } from '@skiff/api';
import type { Command } from 'commander';
import { waitFor } from '../local/wait.ts';
import { type ClientOptions, withClient, withSession } from './client-options.ts';
import { wholeNumber } from './values.ts';

interface TokenOptions extends ClientOptions {
  readonly ttl: number;
  readonly wait: number;
  readonly out?: string;
}

/** `skiff token create`: what a node shows once to join. */
export function register(program: Command): void {
  const token = program.command('token').description('make the tokens with which nodes join');
  withClient(token.command('create').description('make a token and print it, or write it to a file'))
    .option('--ttl <minutes>', 'how long it is good', wholeNumber(1, 60 * 24 * 365), 60)
    .option('--out <file>', 'write it to this file (mode 0600) instead of standard output')
    .option('--wait <seconds>', 'go on asking this long for a server that does not answer yet', wholeNumber(0), 0)
    .action(runCreate);
}

async function runCreate(options: TokenOptions): Promise<void> {
  const { createBootstrapToken } = await import('../local/bootstrap-token.ts');
  const { writeAtomically } = await import('@skiff/apiserver');
  await withSession(options, async ({ client }) => {
    let token = '';
    const ask = async (): Promise<undefined> => {
      token = await createBootstrapToken(client, realClock.now() + options.ttl * 60_000);
    };
    if (options.wait === 0) await ask();
    else await waitFor(ask, { clock: realClock, timeoutMs: options.wait * 1000, what: 'a token', everyMs: 500 });
    if (options.out === undefined) process.stdout.write(`${token}\n`);
    else await writeAtomically(options.out, `${token}\n`, 0o600);
  });
}
