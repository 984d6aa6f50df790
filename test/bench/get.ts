/** `scripts/bench get`: what `skiff get pods` costs to start, beside the `kubectl get pods` of the same run. */
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { repository } from '../cluster/cluster.ts';
import { toolsFolder } from '../cluster/global-setup.ts';
import { unpackTools } from '../cluster/tools.ts';
import { toLine } from './measure.ts';
import { namespace } from './pods.ts';
import { seedPods } from './seed.ts';
import { startServer } from './server.ts';

const { values: options } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    runs: { type: 'string', default: '10' },
    pods: { type: 'string', default: '20' },
  },
});
const runs = options.small ? 2 : Number(options.runs);

interface Cost {
  readonly wallMs: number;
  /** User and system time of the process and its children. */
  readonly cpuMs: number;
}

/** bash tells what its child has used, in seconds with three digits. */
function timed(command: readonly string[], kubeconfig: string): Promise<Cost> {
  return new Promise((resolve, reject) => {
    const script = 'TIMEFORMAT="%3R %3U %3S"; { time "$@" >&3 2>&4; } 3>/dev/null 4>&1';
    const child = spawn('bash', ['-c', script, 'bash', ...command], {
      env: { ...process.env, KUBECONFIG: kubeconfig },
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    let times = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      times += text;
    });
    child.once('close', (code) => {
      const [wall, user, system] = times.trim().split(' ').map(Number);
      if (code !== 0 || wall === undefined || user === undefined || system === undefined)
        reject(new Error(`${command.join(' ')} ended with ${code}: ${times}`));
      else resolve({ wallMs: wall * 1000, cpuMs: (user + system) * 1000 });
    });
  });
}

const { kubectl } = await unpackTools(toolsFolder);
const server = await startServer();
try {
  await seedPods(server, Number(options.pods), 1);
  const commands = {
    skiff: [`${repository}/packages/cli/bin/skiff`, 'get', 'pods', '-n', namespace],
    kubectl: [kubectl, 'get', 'pods', '-n', namespace],
  };
  const costs = { skiff: [] as Cost[], kubectl: [] as Cost[] };
  // The first run of each fills caches: compiled code, discovery.
  for (const command of Object.values(commands)) await timed(command, server.kubeconfig);
  for (let run = 0; run < runs; run += 1)
    for (const name of ['skiff', 'kubectl'] as const) costs[name].push(await timed(commands[name], server.kubeconfig));
  const setting = { pods: Number(options.pods) };
  for (const part of ['wallMs', 'cpuMs'] as const) {
    const [values, comparedValues] = [costs.skiff.map((cost) => cost[part]), costs.kubectl.map((cost) => cost[part])];
    const name = part === 'wallMs' ? 'get.wall' : 'get.cpu';
    console.log(toLine({ name, values, unit: 'ms', comparedWith: 'kubectl get pods', comparedValues, setting }));
    if (part === 'cpuMs')
      console.log(
        toLine({ name: 'get.cpu.aim', values, unit: 'ms', comparedWith: 'aim', comparedValues: [150], setting }),
      );
  }
} finally {
  await server.stop();
}
