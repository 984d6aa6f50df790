/** What the component commands share: a logger on standard error, a signal for SIGTERM and SIGINT, an exit code that tells. */
import { readFile } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { ApiError, type Logger } from '@skiff/api';
import { pino } from 'pino';

/** JSON lines with stable keys (ts, level, component, msg) on standard error. `SKIFF_LOG_LEVEL` sets the least level; info by default. */
export function componentLogger(component: string): Logger {
  const options = {
    level: process.env.SKIFF_LOG_LEVEL ?? 'info',
    base: { component },
    timestamp: () => `,"ts":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: loggedError },
  };
  return pino(options, pino.destination({ dest: 2, sync: true }));
}

/** An answer of the API needs no stack: it says where it came from. Of anything else the whole chain of causes is kept. */
const loggedError = (error: unknown): unknown =>
  error instanceof ApiError
    ? { type: error.name, reason: error.status.reason, message: error.status.message }
    : error instanceof Error
      ? pino.stdSerializers.err(error)
      : error;

/** Small buffers are cut out of blocks of this size. */
const bufferPoolBytes = 8 * 1024;

/** Runs a component until SIGTERM or SIGINT; a second signal ends the process at once. What ends it early is logged, exit code 1. */
export async function runComponent(logger: Logger, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  // Node copies a few bytes from this pool for every TLS connection and keeps them as long as it lives, and with them a whole pool: 64 KB each by default.
  Buffer.poolSize = bufferPoolBytes;
  // A component may end without a chance to do this. What it has compiled, the next start need not load the compiler of TypeScript for: 27 MB less.
  flushCompileCache();
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(1);
    controller.abort(new Error('the process was asked to end'));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('unhandledRejection', (reason) => {
    logger.error({ err: reason }, 'unhandled rejection: a bug; the process ends rather than go on in doubt');
    process.exit(1);
  });
  try {
    await run(controller.signal);
    process.exit(0);
  } catch (error) {
    if (error instanceof Error && error.name === 'LeaseLost') startOver(logger, error);
    logger.error({ err: error }, 'the component ended');
    process.exit(1);
  }
}

/** A process that lost its lease goes back to waiting for it, with the same id and nothing in memory. */
function startOver(logger: Logger, why: Error): never {
  logger.warn({ err: why }, 'starting over');
  const args = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const environment = Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  if (process.execve === undefined) throw new Error('this platform cannot replace a process');
  return process.execve(process.execPath, args, environment);
}

export interface IdentityOptions {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** The TLS identity of a component, as PEM text. */
export async function readIdentity(options: IdentityOptions): Promise<{ ca: string; cert: string; key: string }> {
  const [ca, cert, key] = await Promise.all(
    [options.caFile, options.certFile, options.keyFile].map((file) => readFile(file, 'utf8')),
  );
  return { ca: ca ?? '', cert: cert ?? '', key: key ?? '' };
}
