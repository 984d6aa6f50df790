/** Options of the commands that speak with an API server, and their client. */
import { join } from 'node:path';
import { realClock } from '@skiff/api';
import type { SkiffClient } from '@skiff/client';
import type { Command } from 'commander';
import { type Connection, readConnection } from '../kubeconfig/read.ts';
import { quiet } from '../local/quiet.ts';
import { defaultStateDir } from './local-options.ts';

export interface ClientOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
}

export function withClient(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'kubeconfig file (default: $KUBECONFIG, else the cluster of `skiff up`)')
    .option('--context <name>', 'context of the kubeconfig')
    .option('-n, --namespace <name>', 'namespace');
}

export interface Session {
  readonly client: SkiffClient;
  readonly namespace: string;
}

/** Runs `run` with a client that is closed afterwards, however it ends. */
export const withSession = <T>(options: ClientOptions, run: (session: Session) => Promise<T>): Promise<T> =>
  withConnection(options, run);

/** As `withSession`, for what needs to connect in other ways too. */
export async function withConnection<T>(
  options: ClientOptions,
  run: (session: Session & { readonly connection: Connection }) => Promise<T>,
): Promise<T> {
  const files =
    options.kubeconfig !== undefined
      ? [options.kubeconfig]
      : (process.env.KUBECONFIG ?? join(defaultStateDir, 'kubeconfig')).split(':').filter((file) => file !== '');
  const connection = await readConnection(files, options.context);
  const { connect } = await import('@skiff/client/connect');
  const { ca, cert, key, token } = connection;
  const client = connect({
    userAgent: 'skiff/cli',
    endpoints: [connection.address],
    tls: { ca: ca ?? '', ...(cert === undefined || key === undefined ? {} : { cert, key }) },
    ...(token === undefined ? {} : { token }),
    clock: realClock,
    random: Math.random,
    logger: quiet,
  });
  try {
    return await run({ client, connection, namespace: options.namespace ?? connection.namespace });
  } finally {
    client.close();
  }
}
