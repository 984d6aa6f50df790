/** A Docker engine of a test's own: in a temporary folder, without bridge or firewall rules, gone when the test is. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Engine {
  readonly socketPath: string;
  readonly dir: string;
  /** Ends the engine; its containers go on. */
  halt(): Promise<void>;
  start(): Promise<void>;
  /** Ends it, kills its containers, removes its folder. */
  remove(): Promise<void>;
}

/** False where an engine cannot be started. */
export const canRunEngine = (): boolean =>
  process.getuid?.() === 0 && spawnSync('dockerd', ['--version'], { stdio: 'ignore' }).status === 0;

const startTimeoutMs = 45_000;

export async function startEngine(): Promise<Engine> {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-engine-'));
  const socketPath = join(dir, 'docker.sock');
  const execRoot = join(dir, 'exec');
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const paths = ['--data-root', join(dir, 'data'), '--exec-root', execRoot, '--pidfile', join(dir, 'docker.pid')];
    const network = ['--bridge=none', '--iptables=false', '--ip-forward=false'];
    const flags = [...paths, ...network, '--host', `unix://${socketPath}`, '--live-restore', '--log-level=error'];
    const started = spawn('dockerd', flags, { stdio: 'ignore' });
    child = started;
    const endMs = Date.now() + startTimeoutMs;
    while (!(await answers(socketPath))) {
      if (started.exitCode !== null || Date.now() > endMs) throw new Error('dockerd did not start');
      await sleep(50);
    }
  }

  async function halt(): Promise<void> {
    if (child === undefined || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }

  await start();
  return {
    socketPath,
    dir,
    halt,
    start,
    async remove() {
      await halt();
      await endLeftProcesses(execRoot);
      await unmountBelow(dir);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath, () => {
      socket.end();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** With live restore, containers and the engine's containerd outlive it: whatever names its folder is ended by number. */
async function endLeftProcesses(execRoot: string): Promise<void> {
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' });
  for (const line of stdout.split('\n')) {
    const [, pid, args] = /^\s*(\d+) (.*)$/.exec(line) ?? [];
    if (args?.includes(execRoot) !== true || Number(pid) === process.pid) continue;
    for (const inner of await childrenOf(Number(pid))) kill(inner);
    kill(Number(pid));
  }
}

const childrenOf = async (pid: number): Promise<number[]> =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => ''))
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

async function unmountBelow(dir: string): Promise<void> {
  const points = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map((line) => line.split(' ')[4] ?? '');
  const below = points.filter((point) => point.startsWith(`${dir}/`)).sort((a, b) => b.length - a.length);
  for (const point of below) spawnSync('umount', ['--lazy', point]);
}
