/** etcd and an API server as users run them: own processes, TLS with client certificates, fsync; in a folder that goes with them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { end, endWithUs } from './processes.ts';

export interface Identity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface BenchServer {
  readonly etcd: { readonly endpoint: string; readonly identity: Identity };
  readonly grpc: string;
  readonly rest: string;
  /** A member of system:masters. */
  readonly admin: Identity;
  /** The administrator's. */
  readonly kubeconfig: string;
  /** Of the API server that runs now. */
  readonly pid: number;
  readonly etcdPid: number;
  /** On the clock of `performance.now()`, when etcd was started: certificates were there. */
  readonly beganMs: number;
  /** Ends the API server as a power cut would. */
  crash(): Promise<void>;
  /** Starts it again; resolves when it is ready. */
  restart(): Promise<void>;
  /** Ends the API server (so that it writes its profile, when there is one), etcd and the folder. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Folder that the API server's CPU profile is written to. */
  readonly profileTo?: string;
}

export const skiff = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));
/** The one that `skiff` keeps. */
const compileCache = fileURLToPath(new URL('../../.skiff/cache', import.meta.url));
const startWithinMs = 60_000;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export async function startServer({ profileTo }: ServerOptions = {}): Promise<BenchServer> {
  const folder = await mkdtemp(join(tmpdir(), 'skiff-bench-'));
  const pki = join(folder, 'pki');
  const [etcdPort, peerPort, rest, grpc] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  makeCertificates(pki, Number(rest), Number(grpc));
  const endpoint = `https://127.0.0.1:${etcdPort}`;
  const beganMs = performance.now();
  const etcd = spawn('etcd', etcdFlags(folder, pki, endpoint, `http://127.0.0.1:${peerPort}`), { stdio: 'ignore' });
  const profile =
    profileTo === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profileTo, '--cpu-prof-interval', '500'];
  const flags = [...profile, skiff, 'apiserver', ...apiserverFlags(pki, endpoint, rest as number, grpc as number)];
  endWithUs(etcd);
  // As `skiff` does.
  const env = { NODE_COMPILE_CACHE: compileCache, ...process.env };
  const spawnServer = (): ChildProcess => {
    const child = spawn(process.execPath, flags, { stdio: ['ignore', 'ignore', 'pipe'], env });
    endWithUs(child);
    return child;
  };
  let apiserver = spawnServer();
  const stopAll = async (): Promise<void> => {
    await end(apiserver, 'SIGTERM');
    await end(etcd, 'SIGKILL');
    await rm(folder, { recursive: true, force: true });
  };
  // A signal may come while a bench that failed is stopping.
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= stopAll();
    return stopping;
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void stop().finally(() => process.exit(1)));
  try {
    await ready(apiserver);
    return {
      etcd: { endpoint, identity: await readIdentity(pki, 'etcd-ca', 'etcd-client') },
      rest: `127.0.0.1:${rest}`,
      grpc: `127.0.0.1:${grpc}`,
      admin: await readIdentity(pki, 'ca', 'admin'),
      kubeconfig: join(pki, 'admin.kubeconfig'),
      get pid() {
        return apiserver.pid ?? 0;
      },
      etcdPid: etcd.pid ?? 0,
      beganMs,
      crash: () => end(apiserver, 'SIGKILL'),
      restart() {
        apiserver = spawnServer();
        return ready(apiserver);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function makeCertificates(pki: string, rest: number, grpc: number): void {
  const ports = ['--rest-port', String(rest), '--grpc-port', String(grpc)];
  const flags = ['certs', 'create', '--out', pki, '--server', '127.0.0.1', ...ports];
  const made = spawnSync(process.execPath, [skiff, ...flags]);
  if (made.status !== 0) throw new Error(`no certificates: ${made.stderr}`);
}

function etcdFlags(folder: string, pki: string, endpoint: string, peer: string): string[] {
  return [
    ...['--data-dir', join(folder, 'etcd'), '--log-level', 'error', '--quota-backend-bytes', String(8 * 1024 ** 3)],
    // As `skiff up` starts it.
    ...['--snapshot-count', '10000'],
    ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`],
    ...['--cert-file', join(pki, 'etcd.crt'), '--key-file', join(pki, 'etcd.key')],
    ...['--trusted-ca-file', join(pki, 'etcd-ca.crt'), '--client-cert-auth'],
  ];
}

function apiserverFlags(pki: string, etcd: string, rest: number, grpc: number): string[] {
  return [
    ...['--etcd', etcd, '--etcd-ca-file', join(pki, 'etcd-ca.crt')],
    ...['--etcd-cert-file', join(pki, 'etcd-client.crt'), '--etcd-key-file', join(pki, 'etcd-client.key')],
    ...['--rest-listen', `127.0.0.1:${rest}`, '--grpc-listen', `127.0.0.1:${grpc}`],
    ...['--advertise-address', '127.0.0.1', '--ca-file', join(pki, 'ca.crt'), '--ca-key-file', join(pki, 'ca.key')],
    ...['--cert-file', join(pki, 'apiserver.crt'), '--key-file', join(pki, 'apiserver.key')],
    ...['--service-account-key-file', join(pki, 'sa.key')],
  ];
}

async function readIdentity(pki: string, ca: string, name: string): Promise<Identity> {
  const read = (file: string): Promise<string> => readFile(join(pki, file), 'utf8');
  return { ca: await read(`${ca}.crt`), cert: await read(`${name}.crt`), key: await read(`${name}.key`) };
}

/** Resolves when the server says that it is ready. */
function ready(apiserver: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    const timer = setTimeout(() => reject(new Error(`the API server is not ready:\n${log}`)), startWithinMs);
    apiserver.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (log.length < 100_000) log += text;
      if (!log.includes('the API server is ready')) return;
      clearTimeout(timer);
      resolve();
    });
    apiserver.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the API server ended with ${code}:\n${log}`));
    });
  });
}
