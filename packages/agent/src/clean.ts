/**
 * What an agent leaves in its host's network on purpose, so that pods outlive its restarts, removed: for a node that is taken
 * down for good. Call it when the agent has ended and its pods are gone; twice is no error.
 */
import type { Logger } from '@skiff/api';
import { runCommand } from './network/command.ts';
import { removeHost } from './network/host.ts';
import { natTable } from './network/nat.ts';
import { nftTable } from './network/nft/table.ts';
import { tableName } from './proxy/base.ts';

export interface HostNetwork {
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly clusterDNS: string;
}

export async function cleanHost({ podCIDR, serviceCIDR, clusterDNS }: HostNetwork, logger: Logger): Promise<void> {
  for (const table of [natTable, tableName]) await nftTable(table, runCommand, logger).remove();
  await removeHost(runCommand, { clusterCIDR: podCIDR, serviceCIDR });
  // Exit code 2 says that it was not there.
  await runCommand('ip', ['address', 'delete', `${clusterDNS}/32`, 'dev', 'lo']);
}
