/** The processes of a simulation: each is told its part over its channel, says which nodes are Ready, and ends when the channel does. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Fleet } from './shares.ts';

const worker = fileURLToPath(new URL('./worker.ts', import.meta.url));

/** Runs until the signal aborts and all have ended; rejects, once all have ended, when one ended before. */
export async function runProcesses(
  fleets: readonly Fleet[],
  onReady: (nodeName: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const children: ChildProcess[] = [];
  let failure: Error | undefined;
  const stop = (): void => {
    for (const child of children) if (child.connected) child.disconnect();
  };
  const run = (fleet: Fleet): Promise<void> =>
    new Promise((resolve) => {
      const child = fork(worker);
      children.push(child);
      child.on('message', (nodeName) => onReady(String(nodeName)));
      child.on('error', (error) => {
        failure ??= error;
      });
      child.once('exit', (code, by) => {
        if (!signal.aborted) failure ??= new Error(`a process of the simulation ended with ${code ?? by}`);
        stop();
        resolve();
      });
      child.send(fleet);
    });
  const ended = fleets.map(run);
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  await Promise.all(ended);
  if (failure !== undefined) throw failure;
}
