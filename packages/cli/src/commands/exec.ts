import type { Command } from 'commander';
import { type ClientOptions, withClient, withSession } from './client-options.ts';

interface ExecOptions extends ClientOptions {
  readonly container: string;
  readonly stdin: boolean;
  readonly tty: boolean;
}

/** `skiff exec POD -- COMMAND...`: ends with the command's own exit code. */
export function register(program: Command): void {
  withClient(
    program
      .command('exec')
      .description('run a command in a container')
      .argument('<pod>', 'name of the pod, or TYPE/NAME of what selects it')
      .argument('<command...>', 'command and its arguments, after --'),
  )
    .option('-c, --container <name>', 'container; the first one when not given', '')
    .option('-i, --stdin', 'pass standard input on', false)
    .option('-t, --tty', 'give the command a terminal', false)
    .action(runExec);
}

async function runExec(pod: string, command: string[], options: ExecOptions): Promise<void> {
  const { podNamed } = await import('../objects/pod-of.ts');
  await withSession(options, async (session) => {
    const { client, namespace } = session;
    const stream = client.pods.exec({
      namespace,
      pod: await podNamed(session, pod),
      container: options.container,
      command,
      stdin: options.stdin,
      stdout: true,
      stderr: !options.tty,
      tty: options.tty,
    });
    const resize = (): void => {
      const { columns, rows } = process.stdout;
      if (columns !== undefined && rows !== undefined)
        void stream.write({ resize: { columns, rows } }).catch(() => undefined);
    };
    if (options.tty) {
      resize();
      process.stdout.on('resize', resize);
    }
    const feeding = options.stdin ? feed(stream.write, options.tty) : undefined;
    try {
      for await (const { stdout, stderr, exitCode } of stream.output) {
        if (stdout !== undefined) await put(process.stdout, stdout);
        if (stderr !== undefined) await put(process.stderr, stderr);
        if (exitCode !== undefined) process.exitCode = exitCode;
      }
    } finally {
      stream.cancel();
      process.stdout.off('resize', resize);
      feeding?.stop();
    }
  });
}

/** Passes standard input on until it ends or `stop` is called. */
function feed(
  write: (input: { stdin?: Buffer; stdinClosed?: boolean }) => Promise<void>,
  tty: boolean,
): { stop(): void } {
  const raw = tty && process.stdin.isTTY;
  if (raw) process.stdin.setRawMode(true);
  const pump = async (): Promise<void> => {
    for await (const chunk of process.stdin) await write({ stdin: chunk as Buffer });
    await write({ stdinClosed: true });
  };
  // A command that ended no longer reads: what it did not take is nobody's loss.
  pump().catch(() => undefined);
  return {
    stop() {
      if (raw) process.stdin.setRawMode(false);
      process.stdin.destroy();
    },
  };
}

async function put(to: NodeJS.WriteStream, chunk: Buffer): Promise<void> {
  if (!to.write(chunk)) await new Promise((resolve) => to.once('drain', resolve));
}
