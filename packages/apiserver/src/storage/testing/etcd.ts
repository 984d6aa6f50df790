/** An etcd of a test's own: a child in a temporary folder on free loopback ports, that can be killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestEtcd {
  /** The client URL, for all its lives. */
  readonly endpoint: string;
  readonly port: number;
  /** Resolves when it answers. */
  start(): Promise<void>;
  /** SIGKILL: what it had not synced is gone. */
  kill(): Promise<void>;
  /** While it is down: keeps a copy of the data, or puts the copy back. */
  backUp(): Promise<void>;
  restore(): Promise<void>;
  /** Kills it and removes its folder. */
  remove(): Promise<void>;
}

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

/** Waits until `check` is true. Throws after 30 s. */
export async function until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 30_000;
  while (!(await check())) {
    if (Date.now() > endMs) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const isHealthy = async (endpoint: string): Promise<boolean> => {
  const answer = await fetch(`${endpoint}/health`).catch(() => undefined);
  return answer?.ok === true && (await answer.text()).includes('true');
};

/** Starts one. `flags` are etcd's own, added to those it needs. */
export async function startEtcd(flags: readonly string[] = []): Promise<TestEtcd> {
  const folder = await mkdtemp(join(tmpdir(), 'skiff-etcd-'));
  const [port, peerPort] = [await freePort(), await freePort()];
  const endpoint = `http://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  const data = join(folder, 'data');
  const backup = join(folder, 'backup');
  const all = [
    ...['--data-dir', data, '--log-level', 'error'],
    ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`],
    ...flags,
  ];
  let child: ChildProcess | undefined;
  const etcd: TestEtcd = {
    endpoint,
    port,
    async start() {
      child = spawn('etcd', all, { stdio: 'ignore' });
      await until('etcd', () => isHealthy(endpoint));
    },
    async kill() {
      const dying = child;
      child = undefined;
      if (dying === undefined) return;
      const gone = new Promise((resolve) => dying.once('exit', resolve));
      dying.kill('SIGKILL');
      await gone;
    },
    async backUp() {
      await cp(data, backup, { recursive: true });
    },
    async restore() {
      await rm(data, { recursive: true });
      await cp(backup, data, { recursive: true });
    },
    async remove() {
      await etcd.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await etcd.start();
  return etcd;
}
