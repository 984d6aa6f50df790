import type { Command } from 'commander';
import { type ClientOptions, withClient, withSession } from './client-options.ts';
import { wholeNumber } from './values.ts';

interface LogsOptions extends ClientOptions {
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tail?: number;
  readonly since?: number;
}

export function register(program: Command): void {
  withClient(
    program
      .command('logs')
      .description('print what a container wrote')
      .argument('<pod>', 'name of the pod, or TYPE/NAME of what selects it')
      .argument('[container]', 'its container'),
  )
    .option('-c, --container <name>', 'container; needed when the pod has several', '')
    .option('-f, --follow', 'go on as more is written', false)
    .option('-p, --previous', 'the container’s former instance', false)
    .option('--timestamps', 'begin each line with its time', false)
    .option('--tail <lines>', 'only the last lines', wholeNumber(0))
    .option('--since <seconds>', 'only the last seconds', wholeNumber(1))
    .action(runLogs);
}

async function runLogs(pod: string, container: string | undefined, options: LogsOptions): Promise<void> {
  const { podNamed } = await import('../objects/pod-of.ts');
  await withSession(options, async (session) => {
    const { client, namespace } = session;
    const chunks = client.pods.logs({
      namespace,
      pod: await podNamed(session, pod),
      container: container ?? options.container,
      follow: options.follow,
      previous: options.previous,
      timestamps: options.timestamps,
      ...(options.tail === undefined ? {} : { tailLines: String(options.tail) }),
      ...(options.since === undefined ? {} : { sinceSeconds: String(options.since) }),
    });
    for await (const chunk of chunks) {
      if (!process.stdout.write(chunk)) await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
  });
}
