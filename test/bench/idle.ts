/** `scripts/bench idle`: what a control plane with one node costs while nothing happens: CPU and memory of each process. */
import { parseArgs } from 'node:util';
import { cpuMicroseconds, toLine } from './measure.ts';
import { residentMb } from './memory.ts';
import { startOneNode } from './one-node.ts';

const { values: options } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    /** How long it is left alone first, and then measured. */
    settle: { type: 'string', default: '60' },
    seconds: { type: 'string', default: '60' },
  },
});
const settleSeconds = options.small ? 1 : Number(options.settle);
const seconds = options.small ? 3 : Number(options.seconds);

/** What runs all the time; the node's Docker engine and what it starts are not ours. */
const controlPlane = ['etcd', 'apiserver', 'scheduler', 'controller'];
const processes = [...controlPlane, 'agent-node-1'];
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const node = await startOneNode();
try {
  await sleep(settleSeconds * 1000);
  const pids = await Promise.all(processes.map((name) => node.cluster.pid(name)));
  const before = await Promise.all(pids.map(cpuMicroseconds));
  await sleep(seconds * 1000);
  const after = await Promise.all(pids.map(cpuMicroseconds));
  const cpu = after.map((used, index) => (used - (before[index] ?? 0)) / 10_000 / seconds);
  const memory = await Promise.all(pids.map(residentMb));
  const setting = { nodes: 1, settleSeconds, seconds };
  const report = (name: string, [percent, mb]: readonly [number, number]): void => {
    const line = (part: string, value: number, unit: string, aim: number): void => {
      const comparedWith = 'aim for the control plane together';
      console.log(
        toLine({ name: `idle.${name}.${part}`, values: [value], unit, comparedWith, comparedValues: [aim], setting }),
      );
    };
    line('cpu', percent, '% of a core', 2);
    line('resident', mb, 'MiB', 400);
  };
  const sum = (values: readonly number[], names: readonly string[]): number =>
    values.reduce((total, value, index) => (names.includes(processes[index] ?? '') ? total + value : total), 0);
  for (const [index, name] of processes.entries()) report(name, [cpu[index] ?? 0, memory[index] ?? 0]);
  report('control-plane', [sum(cpu, controlPlane), sum(memory, controlPlane)]);
  report('control-plane-and-node', [sum(cpu, processes), sum(memory, processes)]);
} finally {
  await node.stop();
}
