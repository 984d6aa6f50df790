/** Runs the machine's own tools. */
import spawn, { SubprocessError } from 'nano-spawn';

/** Standard output of a command, trimmed. Throws with the command line and what it printed when it fails. */
export async function run(command: string, args: readonly string[], options: { stdin?: string } = {}): Promise<string> {
  try {
    const result = await spawn(command, args, options.stdin === undefined ? {} : { stdin: { string: options.stdin } });
    return result.stdout;
  } catch (error) {
    if (!(error instanceof SubprocessError)) throw error;
    const said = [error.stderr, error.stdout].filter((text) => text !== '').join('\n');
    throw new Error(`${command} ${args.join(' ')}: ${said === '' ? error.message : said}`, { cause: error });
  }
}

/** True when the command ends with exit code 0. */
export async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await spawn(command, args);
    return true;
  } catch (error) {
    if (error instanceof SubprocessError) return false;
    throw error;
  }
}
