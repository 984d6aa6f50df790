/** Brings a cluster on this machine up, step by step; whatever is there already stays as it is. */
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type Node, resources } from '@skiff/api';
import type { Progress } from '../output/progress.ts';
import { connectAsAdmin } from './admin.ts';
import { createBootstrapToken } from './bootstrap-token.ts';
import {
  agentDaemon,
  agentRootDir,
  apiserverDaemon,
  controllerDaemon,
  etcdDaemon,
  schedulerDaemon,
} from './components.ts';
import { type DaemonSpec, logTail, startDaemon } from './daemons.ts';
import { engineAnswers, engineDaemon } from './engine.ts';
import { apiserverIsReady, etcdIsHealthy } from './health.ts';
import { createBridge, createHost } from './hosts.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { type ClusterConfig, type HostLayout, paths } from './layout.ts';
import { ensurePki } from './pki.ts';
import { waitFor } from './wait.ts';

export interface UpContext {
  readonly config: ClusterConfig;
  readonly hosts: readonly HostLayout[];
  readonly clock: Clock;
  readonly progress: Progress;
}

/** Throws with the failing part's last log lines when something does not come up. */
export async function up(context: UpContext): Promise<void> {
  const { config, hosts, progress } = context;
  await rememberConfig(config);
  await progress.step('network of the hosts', () => createBridge(config));
  await progress.step('certificates', () => ensurePki(config, context.clock.now()));
  await progress.step('kubeconfig', () => writeKubeconfig(config));
  // Engines take longest to start and need nothing of the control plane.
  const engines = Promise.all(hosts.map((host) => ensureEngine(context, host)));
  engines.catch(() => undefined);
  await progress.step('etcd', () => ensureDaemon(context, etcdDaemon(config), () => etcdIsHealthy(config)));
  await progress.step('API server', () =>
    ensureDaemon(context, apiserverDaemon(config), () => apiserverIsReady(config)),
  );
  await progress.step('scheduler and controllers', async () => {
    const started = [
      await startDaemon(paths(config), schedulerDaemon(config)),
      await startDaemon(paths(config), controllerDaemon(config)),
    ];
    return started.includes(true);
  });
  await progress.step(`Docker ${hosts.length === 1 ? 'engine' : `engines of ${hosts.length} hosts`}`, async () =>
    (await engines).includes(true),
  );
  await progress.step('agents', () => ensureAgents(context));
  await progress.step(`${hosts.length} ${hosts.length === 1 ? 'node' : 'nodes'} Ready`, () => nodesReady(context));
}

/** The cluster that `stateDir` holds, or undefined. */
export async function rememberedConfig(stateDir: string): Promise<ClusterConfig | undefined> {
  const text = await readFile(paths({ stateDir }).config, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : { ...(JSON.parse(text) as ClusterConfig), stateDir };
}

async function rememberConfig(config: ClusterConfig): Promise<void> {
  await mkdir(config.stateDir, { recursive: true });
  await writeFile(paths(config).config, `${JSON.stringify(config, undefined, 2)}\n`);
}

async function ensureDaemon(
  context: UpContext,
  spec: DaemonSpec,
  ready: () => Promise<string | undefined>,
): Promise<boolean> {
  const folders = paths(context.config);
  const started = await startDaemon(folders, spec);
  try {
    await waitFor(ready, { clock: context.clock, timeoutMs: 60_000, what: `${spec.name} ready` });
  } catch (error) {
    throw new Error(
      `${error instanceof Error ? error.message : String(error)}\n--- last of ${spec.name}.log\n${await logTail(folders, spec.name)}`,
    );
  }
  return started;
}

async function ensureEngine(context: UpContext, host: HostLayout): Promise<boolean> {
  const made = await createHost(context.config, host);
  if (await engineAnswers(host)) return made;
  const ready = async (): Promise<string | undefined> =>
    (await engineAnswers(host)) ? undefined : 'no answer on its socket';
  return (await ensureDaemon(context, await engineDaemon(context.config, host), ready)) || made;
}

async function ensureAgents(context: UpContext): Promise<boolean> {
  const { config, hosts } = context;
  const tokenFile = join(paths(config).pki, 'bootstrap-token');
  const joined = await Promise.all(hosts.map((host) => exists(join(agentRootDir(host), 'pki', 'agent.crt'))));
  if (joined.includes(false)) await createBootstrapToken(config, tokenFile, context.clock);
  const started = await Promise.all(
    hosts.map((host) => startDaemon(paths(config), agentDaemon(config, host, tokenFile))),
  );
  return started.includes(true);
}

async function nodesReady(context: UpContext): Promise<boolean> {
  const { config, hosts, clock } = context;
  const client = await connectAsAdmin(config, clock);
  let waited = false;
  const ask = async (): Promise<string | undefined> => {
    const { items } = await client.resource(resources.nodes).list();
    const missing = hosts
      .map((host) => host.name)
      .filter((name) => !items.some((node) => node.metadata.name === name && isReady(node)));
    if (missing.length === 0) return undefined;
    waited = true;
    return `not Ready: ${missing.join(', ')}`;
  };
  try {
    await waitFor(ask, { clock, timeoutMs: 90_000, what: 'nodes Ready', everyMs: 100 });
  } finally {
    client.close();
  }
  return waited;
}

export function isReady(node: Node): boolean {
  return (
    node.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false
  );
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
