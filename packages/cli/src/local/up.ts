/** Brings a cluster on this machine up, step by step; whatever is there already stays as it is. */
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, resources } from '@skiff/api';
import type { Progress } from '../output/progress.ts';
import { connectAsAdmin } from './admin.ts';
import { createBootstrapToken } from './bootstrap-token.ts';
import {
  adminKubeconfig,
  agentDaemon,
  agentRootDir,
  apiserverDaemon,
  controllerDaemon,
  etcdDaemon,
  pkiPlace,
  schedulerDaemon,
} from './components.ts';
import { type DaemonSpec, daemonPid, type Folders, startDaemon } from './daemons.ts';
import { engineAnswers, engineDaemon } from './engine.ts';
import { apiserverIsReady, etcdIsHealthy } from './health.ts';
import { createBridge, createHost } from './hosts.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { type ClusterConfig, type HostLayout, paths } from './layout.ts';
import { logTail } from './log-tail.ts';
import { isReady } from './node-state.ts';
import { ensurePki } from './pki.ts';
import { preflight } from './preflight.ts';
import { rememberConfig } from './remember.ts';
import { waitFor } from './wait.ts';

const tokenLifetimeMs = 60 * 60 * 1000;

export interface UpContext {
  readonly config: ClusterConfig;
  readonly hosts: readonly HostLayout[];
  readonly clock: Clock;
  readonly progress: Progress;
}

/** Throws with the failing part's last log lines when something does not come up. */
export async function up(context: UpContext): Promise<void> {
  const { config, hosts, progress } = context;
  await progress.step('what this machine has', async () => {
    await preflight(config, context.clock);
    await rememberConfig(config);
    return false;
  });
  await progress.step('network of the hosts', () => createBridge(config));
  await progress.step('certificates', () => ensurePki(pkiPlace(config), context.clock.now()));
  await progress.step('kubeconfig', () => writeKubeconfig(adminKubeconfig(config)));
  // Engines take longest to start and need nothing of the control plane.
  const engines = Promise.all(hosts.map((host) => ensureEngine(context, host)));
  // Its failure is told when its step comes.
  engines.catch(() => undefined);
  await progress.step('etcd', () => ensureDaemon(context, etcdDaemon(config), () => etcdIsHealthy(config)));
  await progress.step('API server', () =>
    ensureDaemon(context, apiserverDaemon(config), () => apiserverIsReady(config)),
  );
  await progress.step('scheduler and controllers', async () => {
    const started = [
      await startDaemon(paths(config), schedulerDaemon(config), context.clock),
      await startDaemon(paths(config), controllerDaemon(config), context.clock),
    ];
    return started.includes(true);
  });
  await progress.step(`Docker ${hosts.length === 1 ? 'engine' : `engines of ${hosts.length} hosts`}`, async () =>
    (await engines).includes(true),
  );
  await progress.step('agents', () => ensureAgents(context));
  await progress.step(`${hosts.length} ${hosts.length === 1 ? 'node' : 'nodes'} Ready`, () => nodesReady(context));
}

async function ensureDaemon(
  context: UpContext,
  spec: DaemonSpec,
  ready: () => Promise<string | undefined>,
): Promise<boolean> {
  const folders = paths(context.config);
  const started = await startDaemon(folders, spec, context.clock);
  const giveUpIf = async (): Promise<string | undefined> =>
    (await daemonPid(folders, spec.name)) === undefined ? 'it ended' : undefined;
  await toldWithLog(folders, spec.name, () =>
    waitFor(ready, { clock: context.clock, timeoutMs: 60_000, what: `${spec.name} ready`, giveUpIf }),
  );
  return started;
}

/** Adds what a daemon logged last to an error. */
async function toldWithLog<T>(folders: Folders, name: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${why}\n${await logTail(folders, name)}`, { cause: error });
  }
}

async function ensureEngine(context: UpContext, host: HostLayout): Promise<boolean> {
  const made = await createHost(context.config, host);
  if (await engineAnswers(host)) return made;
  const ready = async (): Promise<string | undefined> =>
    (await engineAnswers(host)) ? undefined : 'no answer on its socket';
  await mkdir(host.runDir, { recursive: true });
  await mkdir(host.dir, { recursive: true });
  return (await ensureDaemon(context, engineDaemon(context.config, host), ready)) || made;
}

async function ensureAgents(context: UpContext): Promise<boolean> {
  const { config, hosts } = context;
  const tokenFile = join(paths(config).pki, 'bootstrap-token');
  const joined = await Promise.all(hosts.map((host) => exists(join(agentRootDir(host), 'pki', 'agent.crt'))));
  if (joined.includes(false)) await writeToken(context, tokenFile);
  const started = await Promise.all(
    hosts.map((host) => startDaemon(paths(config), agentDaemon(config, host, tokenFile), context.clock)),
  );
  return started.includes(true);
}

async function writeToken({ config, clock }: UpContext, file: string): Promise<void> {
  const client = await connectAsAdmin(config, clock);
  try {
    const token = await createBootstrapToken(client, clock.now() + tokenLifetimeMs);
    await writeFile(file, `${token}\n`, { mode: 0o600 });
  } finally {
    client.close();
  }
}

async function nodesReady(context: UpContext): Promise<boolean> {
  const { config, hosts, clock } = context;
  const client = await connectAsAdmin(config, clock);
  let waited = false;
  let missing = hosts.map((host) => host.name);
  const ask = async (): Promise<string | undefined> => {
    const { items } = await client.resource(resources.nodes).list();
    missing = missing.filter((name) => !items.some((node) => node.metadata.name === name && isReady(node)));
    if (missing.length === 0) return undefined;
    waited = true;
    return `not Ready: ${missing.join(', ')}`;
  };
  let ended: string | undefined;
  const giveUpIf = async (): Promise<string | undefined> => {
    for (const name of missing) if ((await daemonPid(paths(config), `agent-${name}`)) === undefined) ended = name;
    return ended === undefined ? undefined : `the agent of ${ended} ended`;
  };
  try {
    const options = { clock, timeoutMs: 90_000, what: 'nodes Ready', everyMs: 100, giveUpIf };
    await waitFor(ask, options).catch((error: unknown) =>
      toldWithLog(paths(config), `agent-${ended ?? missing[0]}`, () => Promise.reject(error)),
    );
  } finally {
    client.close();
  }
  return waited;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
