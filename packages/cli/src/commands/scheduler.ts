import { realClock } from '@skiff/api';
import type { Command } from 'commander';
import type { IdentityOptions } from './component.ts';
import { toList } from './values.ts';

interface SchedulerOptions extends IdentityOptions {
  readonly server: string[];
  readonly leaderElect: boolean;
}

export function register(program: Command): void {
  program
    .command('scheduler')
    .description('run the scheduler')
    .requiredOption('--server <address,...>', 'gRPC addresses of the API servers', toList)
    .requiredOption('--ca-file <file>', 'certificate authority of the cluster (PEM)')
    .requiredOption('--cert-file <file>', 'client certificate (PEM)')
    .requiredOption('--key-file <file>', 'its key (PEM)')
    .option('--no-leader-elect', 'run without a Lease: only where there is one scheduler')
    .action(async (options: SchedulerOptions) => {
      const [{ connect }, { runScheduler }, { componentLogger, readIdentity, runComponent }, { hostname }] =
        await Promise.all([
          import('@skiff/client/connect'),
          import('@skiff/scheduler'),
          import('./component.ts'),
          import('node:os'),
        ]);
      const logger = componentLogger('scheduler');
      const shell = { clock: realClock, random: Math.random, logger };
      const client = connect({
        userAgent: 'kube-scheduler/skiff',
        endpoints: options.server,
        tls: await readIdentity(options),
        ...shell,
      });
      const identity = `${hostname()}_${process.pid}`;
      await runComponent(logger, (signal) =>
        runScheduler({ client, identity, leaderElect: options.leaderElect, ...shell }, signal),
      );
    });
}
