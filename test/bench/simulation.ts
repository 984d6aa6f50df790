/** `skiff sim` as a child process: nodes for the benches. */
import { spawn } from 'node:child_process';
import { end, endWithUs } from './processes.ts';
import { type BenchServer, skiff } from './server.ts';

export interface Simulation {
  /** Resolves to the time it took, in seconds, once all nodes are Ready; rejects with the log when the simulation ends before. */
  readonly ready: Promise<number>;
  stop(): Promise<void>;
}

/** Beyond it a bench ends, and says how far it came. */
const readyWithinMs = 420_000;

/** Starts so many nodes; the rest of the flags as on the command line. */
export function startSimulation({ kubeconfig }: BenchServer, nodes: number, ...flags: readonly string[]): Simulation {
  const command = [skiff, 'sim', '--kubeconfig', kubeconfig, '--nodes', String(nodes), ...flags];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'pipe'] });
  endWithUs(child);
  const ready = new Promise<number>((resolve, reject) => {
    let log = '';
    let soFar = '0';
    const timer = setTimeout(
      () => reject(new Error(`${soFar} or a few more of ${nodes} nodes were Ready after ${readyWithinMs / 1000} s`)),
      readyWithinMs,
    );
    timer.unref();
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-20_000);
      for (const [, count = ''] of text.matchAll(/"ready":(\d+),"of"/g)) {
        soFar = count;
        console.error(`${count} of ${nodes} nodes are Ready`);
      }
      const [, seconds] = /"seconds":([\d.]+),"msg":"all simulated nodes are Ready"/.exec(log) ?? [];
      if (seconds === undefined) return;
      clearTimeout(timer);
      resolve(Number(seconds));
    });
    child.once('exit', (code) => reject(new Error(`the simulation ended with ${code}:\n${log}`)));
  });
  // Who stops it before does not ask.
  ready.catch(() => undefined);
  return { ready, stop: () => end(child, 'SIGTERM') };
}
