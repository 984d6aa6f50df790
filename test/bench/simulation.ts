/** `skiff sim` as a child process: nodes for the benches. */
import { spawn } from 'node:child_process';
import { end, endWithUs } from './processes.ts';
import { type BenchServer, skiff } from './server.ts';

export interface Simulation {
  /** Resolves to the time it took, in seconds, once all nodes are Ready; rejects with the log when the simulation ends before. */
  readonly ready: Promise<number>;
  stop(): Promise<void>;
}

/** Starts so many nodes; the rest of the flags as on the command line. */
export function startSimulation({ kubeconfig }: BenchServer, nodes: number, ...flags: readonly string[]): Simulation {
  const command = [skiff, 'sim', '--kubeconfig', kubeconfig, '--nodes', String(nodes), ...flags];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'pipe'] });
  endWithUs(child);
  const ready = new Promise<number>((resolve, reject) => {
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-20_000);
      const [, seconds] = /"seconds":([\d.]+),"msg":"all simulated nodes are Ready"/.exec(log) ?? [];
      if (seconds !== undefined) resolve(Number(seconds));
    });
    child.once('exit', (code) => reject(new Error(`the simulation ended with ${code}:\n${log}`)));
  });
  // Who stops it before does not ask.
  ready.catch(() => undefined);
  return { ready, stop: () => end(child, 'SIGTERM') };
}
