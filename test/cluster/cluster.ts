/** A real cluster for tests: real processes, real etcd, real engines, hosts in network namespaces. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import spawn, { SubprocessError } from 'nano-spawn';
import type { Tools } from './tools.ts';

const skiffFile = fileURLToPath(new URL('../../packages/cli/bin/skiff', import.meta.url));
export const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Where a test cluster lives: apart from a user's own on the same machine. */
export interface ClusterPlace {
  readonly stateDir: string;
  readonly nodes: number;
  readonly name: string;
  readonly subnet: string;
  readonly restPort: number;
  readonly grpcPort: number;
  readonly etcdPort: number;
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export class Cluster {
  readonly place: ClusterPlace;
  readonly #tools: Tools;

  constructor(place: ClusterPlace, tools: Tools) {
    this.place = place;
    this.#tools = tools;
  }

  get kubeconfig(): string {
    return join(this.place.stateDir, 'kubeconfig');
  }

  /** Starts it, or what of it does not run. */
  async up(): Promise<Output> {
    const { stateDir, nodes, name, subnet, restPort, grpcPort, etcdPort } = this.place;
    return must(
      'skiff up',
      await this.skiff(
        'up',
        '--state',
        stateDir,
        '--nodes',
        String(nodes),
        '--name',
        name,
        '--subnet',
        subnet,
        '--rest-port',
        String(restPort),
        '--grpc-port',
        String(grpcPort),
        '--etcd-port',
        String(etcdPort),
      ),
    );
  }

  async down(): Promise<Output> {
    return must('skiff down', await this.skiff('down', '--state', this.place.stateDir, '--no-images'));
  }

  skiff(...args: string[]): Promise<Output> {
    return run(skiffFile, args, { env: { KUBECONFIG: this.kubeconfig } });
  }

  /** Runs kubectl; a failure throws with what it printed. */
  async kubectl(...args: string[]): Promise<string> {
    return must(`kubectl ${args.join(' ')}`, await this.tryKubectl(args)).stdout;
  }

  /** Runs kubectl and tells how it ended. `stdin` for `-f -`. */
  tryKubectl(args: readonly string[], stdin?: string): Promise<Output> {
    return run(this.#tools.kubectl, args, {
      cwd: repository,
      env: { KUBECONFIG: this.kubeconfig },
      ...(stdin === undefined ? {} : { stdin }),
    });
  }

  async helm(...args: string[]): Promise<string> {
    return must(
      `helm ${args.join(' ')}`,
      await run(this.#tools.helm, args, { env: { KUBECONFIG: this.kubeconfig, HOME: this.place.stateDir } }),
    ).stdout;
  }

  /** kubectl apply of a manifest given as text. */
  async apply(manifest: string): Promise<void> {
    must('kubectl apply', await this.tryKubectl(['apply', '-f', '-'], manifest));
  }

  /** The parsed answer of `kubectl get … -o json`. */
  async getJson<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.kubectl('get', ...args, '-o', 'json')) as T;
  }

  /** What one of the cluster's processes has logged so far. */
  log(daemon: string): Promise<string> {
    return readFile(join(this.place.stateDir, 'logs', `${daemon}.log`), 'utf8');
  }

  /** Runs docker against a node's engine. */
  async docker(node: string, ...args: string[]): Promise<string> {
    return must(
      `docker ${args.join(' ')}`,
      await run('docker', ['-H', `unix:///run/skiff/${this.place.name}/${node}/docker.sock`, ...args]),
    ).stdout;
  }

  /** Sends a signal to one of the cluster's processes: `apiserver`, `agent-node-1`, `docker-node-2`, … */
  async kill(daemon: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    process.kill(await this.pid(daemon), signal);
  }

  async pid(daemon: string): Promise<number> {
    const record = await readFile(join(this.place.stateDir, 'run', `${daemon}.json`), 'utf8');
    return (JSON.parse(record) as { pid: number }).pid;
  }
}

/** Polls until `ask` answers something; throws with what it said last. An exception counts as "not yet". */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let last = 'no answer';
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs / 1000} s: ${what}; last: ${last}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function run(
  file: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; stdin?: string } = {},
): Promise<Output> {
  const { stdin, ...rest } = options;
  try {
    const { stdout, stderr } = await spawn(file, args, {
      ...rest,
      ...(stdin === undefined ? { stdin: 'ignore' } : { stdin: { string: stdin } }),
    });
    return { stdout, stderr, exitCode: 0 };
  } catch (error) {
    if (!(error instanceof SubprocessError)) throw error;
    return { stdout: error.stdout, stderr: error.stderr, exitCode: error.exitCode ?? 1 };
  }
}

function must(what: string, output: Output): Output {
  if (output.exitCode !== 0)
    throw new Error(`${what} ended with ${output.exitCode}: ${output.stderr}\n${output.stdout}`);
  return output;
}
