/** The agent on a real host: Docker, CNI, nftables, mounts. */
import { mkdir } from 'node:fs/promises';
import { runParts } from './agent.ts';
import { retry } from './async/retry.ts';
import { together } from './async/together.ts';
import type { AgentConfig } from './config.ts';
import { connectAsNode, keepRenewed } from './identity/index.ts';
import { createNetnsDialer, readHostUsage, runLink } from './link/index.ts';
import { runCommand } from './network/index.ts';
import { readHost } from './node/host.ts';
import { startNodeNetwork } from './node/network.ts';
import { kubeletVersion } from './node/status.ts';
import { createPages } from './pages/index.ts';
import { processFacts, readProc } from './pages/process.ts';
import { createDockerRuntime } from './runtime/docker/maker.ts';
import { hostMounts } from './volumes/mount-table.ts';

const pageSources = { process: processFacts, readProc, logDir: '/var/log' };

/** Runs until the signal aborts; then pods and their network are left as they are, for the next agent to adopt. */
export async function runAgent(config: AgentConfig, signal: AbortSignal): Promise<void> {
  await mkdir(config.rootDir, { recursive: true, mode: 0o750 });
  const engineAnswers = retry(
    'reaching the container engine',
    () => createDockerRuntime(config.dockerSocket, config.clock),
    config,
    signal,
  );
  const [connection, engine] = await Promise.all([connectAsNode(config, signal), engineAnswers]);
  const dialer = createNetnsDialer(config.clock);
  try {
    const { runtime } = engine;
    const { client, servers } = connection;
    const mounts = hostMounts(runCommand);
    const link = {
      ...{ ...config, runtime, dial: dialer.dial, agentVersion: kubeletVersion },
      servers: servers.map(({ endpoint, client: one }) => ({ endpoint, open: one.nodes.link })),
      host: () => readHostUsage(config.clock),
    };
    await together(
      signal,
      (running) => keepRenewed(config, connection, running),
      (running) =>
        runParts(
          {
            ...{ config, client, runtime, mounts },
            readHost: () => readHost(runtime, config.rootDir),
            startNetwork: (informers, until) => startNodeNetwork(config, informers, runCommand, until),
            runLink: (pods, until) => {
              const pages = createPages({ ...link, ...pageSources, pods, probes: pods.probes });
              return runLink({ ...link, pods, pages }, until);
            },
          },
          running,
        ),
    );
  } finally {
    dialer.close();
    engine.close();
    connection.close();
  }
}
