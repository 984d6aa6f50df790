/** The seam to the machine's own tools (ip, bridge, nft, iptables, conntrack, CNI plugins). */
import spawn, { SubprocessError } from 'nano-spawn';

export interface CommandResult {
  /** Exit code; 127 when the command could not be started. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly stdin?: string;
  /** Added to the process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a command to its end. Never rejects for what the command did; the result says. */
export type CommandRunner = (
  command: string,
  args: readonly string[],
  options?: CommandOptions,
) => Promise<CommandResult>;

/** A command ended with another exit code than 0. */
export class CommandFailed extends Error {
  readonly result: CommandResult;

  constructor(command: string, args: readonly string[], result: CommandResult) {
    const said = [result.stderr, result.stdout].filter((text) => text.trim() !== '').join('\n');
    super(`${[command, ...args].join(' ')}: ${said === '' ? `exit code ${result.code}` : said.trim().slice(0, 2000)}`);
    this.name = 'CommandFailed';
    this.result = result;
  }
}

/** Longest a command may take, in milliseconds: a plugin or nft that hangs must not hang the node. */
const commandTimeoutMs = 60_000;

/** The real runner, in the agent's own network namespace. */
export const runCommand: CommandRunner = async (command, args, options = {}) => {
  try {
    const { stdout, stderr } = await spawn(command, args, {
      timeout: commandTimeoutMs,
      ...(options.stdin === undefined ? {} : { stdin: { string: options.stdin } }),
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    if (!(error instanceof SubprocessError)) throw error;
    return {
      code: error.exitCode ?? 127,
      stdout: error.stdout,
      stderr: error.stderr === '' ? error.message : error.stderr,
    };
  }
};

/** Standard output. Throws CommandFailed unless the command ends with 0. */
export async function output(
  run: CommandRunner,
  command: string,
  args: readonly string[],
  options?: CommandOptions,
): Promise<string> {
  const result = await run(command, args, options);
  if (result.code !== 0) throw new CommandFailed(command, args, result);
  return result.stdout;
}

/** True when the command ends with exit code 0. */
export async function succeeds(run: CommandRunner, command: string, args: readonly string[]): Promise<boolean> {
  return (await run(command, args)).code === 0;
}
