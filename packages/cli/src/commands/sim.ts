import { availableParallelism } from 'node:os';
import { realClock } from '@skiff/api';
import type { Command } from 'commander';
import { parseLabels, parseTaints } from '../objects/node-options.ts';
import { type ClientOptions, withClient, withConnection } from './client-options.ts';
import { wholeNumber } from './values.ts';

interface SimOptions extends ClientOptions {
  readonly nodes: number;
  readonly podsPerNode: number;
  readonly seed: number;
  readonly prefix: string;
  readonly first: number;
  readonly processes?: number;
  readonly maxPods: number;
  readonly nodeLabels: string;
  readonly registerWithTaints: string;
  readonly crashes: number;
  readonly failedPulls: number;
}

const help = `
Simulated nodes are real to the control plane: each joins with a bootstrap token (which this command makes with the
kubeconfig's rights, and deletes), has its own certificate and connection, renews its lease, watches its pods and reports
how they do. No container runs, and logs, exec and port-forward find nobody. Ctrl-C ends it; Nodes and pods stay, and the
next run with the same names takes them over. To be rid of them: kubectl delete nodes,pods -A -l skiff.io/simulated=true`;

export function register(program: Command): void {
  withClient(program.command('sim').description('run simulated nodes against a control plane, to test it at scale'))
    .requiredOption('--nodes <count>', 'how many', wholeNumber(1))
    .option('--pods-per-node <count>', 'also make this many pods bound to each node', wholeNumber(0), 0)
    .option('--seed <number>', 'chance follows from it and the pods’ names', wholeNumber(0), 1)
    .option('--prefix <name>', 'nodes are called <name>-0, <name>-1, …', 'sim')
    .option('--first <number>', 'number of the first node', wholeNumber(0), 0)
    .option('--processes <count>', 'spread the nodes over this many (default: one for every 2,500)', wholeNumber(1, 64))
    .option('--max-pods <count>', 'pods that may run on each', wholeNumber(1, 10_000), 110)
    .option('--node-labels <key=value,...>', 'labels of the Nodes, besides skiff.io/simulated=true', '')
    .option('--register-with-taints <key=value:effect,...>', 'taints of the Nodes', '')
    .option('--crashes <per mille>', 'of a thousand container starts, how many end in a crash', wholeNumber(0, 1000), 0)
    .option('--failed-pulls <per mille>', 'of a thousand image pulls, how many fail', wholeNumber(0, 1000), 0)
    .addHelpText('after', help)
    .action(runSim);
}

async function runSim(options: SimOptions): Promise<void> {
  const [{ simulate }, { calmHabits, maxNodes }, { componentLogger, runComponent }] = await Promise.all([
    import('../sim/simulate.ts'),
    import('@skiff/agent/sim'),
    import('./component.ts'),
  ]);
  const { nodes, podsPerNode, seed, prefix, first, crashes, failedPulls } = options;
  if (first + nodes > maxNodes) throw new Error(`--first and --nodes: at most ${maxNodes} nodes in all`);
  const processes = options.processes ?? Math.min(Math.ceil(nodes / 2500), 2 * availableParallelism());
  const logger = componentLogger('sim');
  await withConnection(options, async ({ client, connection, namespace }) => {
    if (connection.ca === undefined) throw new Error('the kubeconfig names no certificate authority');
    const fleet = {
      ...{ first, count: nodes, prefix, seed, endpoints: [connection.address], ca: connection.ca },
      labels: { 'skiff.io/simulated': 'true', ...parseLabels(options.nodeLabels) },
      taints: parseTaints(options.registerWithTaints),
      maxPods: Math.max(options.maxPods, podsPerNode),
      habits: { ...calmHabits, crashes, failedPulls },
    };
    const plan = { fleet, processes: Math.min(processes, nodes), podsPerNode, namespace };
    await runComponent(logger, (signal) => simulate(plan, { client, clock: realClock, logger }, signal));
  });
}
