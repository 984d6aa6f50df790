/** Child processes of a bench. */
import type { ChildProcess } from 'node:child_process';

/** Resolves when the child has ended, which the signal asks of it. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}
