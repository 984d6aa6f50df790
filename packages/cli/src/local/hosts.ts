/**
 * Hosts on this machine: a bridge, and for each host a network namespace cabled to it. A made host has no default
 * route: nothing that runs in it can reach further than the bridge.
 */

import { bridgeName, type ClusterConfig, controlPlaneIP, type HostLayout } from './layout.ts';
import { run, succeeds } from './run.ts';

/** Makes the bridge with the control plane's address. Resolves to whether anything was made. */
export async function createBridge(config: ClusterConfig): Promise<boolean> {
  const bridge = bridgeName(config);
  const had = await exists(bridge);
  if (!had) await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
  // Whatever of it is there: a command that was killed in the middle may have left half of it.
  await run('ip', ['address', 'replace', `${controlPlaneIP(config)}/24`, 'dev', bridge]);
  await run('ip', ['link', 'set', bridge, 'up']);
  return (await allowBridge(bridge, '-I')) || !had;
}

export async function removeBridge(config: ClusterConfig): Promise<void> {
  const bridge = bridgeName(config);
  if (!(await exists(bridge))) return;
  await allowBridge(bridge, '-D');
  await run('ip', ['link', 'delete', bridge]);
}

/** An engine in the machine's own namespace sets FORWARD to DROP, and bridge netfilter lets that hit bridged frames. */
async function allowBridge(bridge: string, operation: '-I' | '-D'): Promise<boolean> {
  const rule = ['-i', bridge, '-o', bridge, '-m', 'comment', '--comment', 'skiff hosts', '-j', 'ACCEPT'];
  const present = await succeeds('iptables', ['-w', '-C', 'FORWARD', ...rule]);
  const differs = present === (operation === '-D');
  if (differs) await run('iptables', ['-w', operation, 'FORWARD', ...rule]);
  return differs;
}

/** Makes a host's namespace and its cable. Resolves to whether anything was made. */
export async function createHost(config: ClusterConfig, host: HostLayout): Promise<boolean> {
  const { netns, veth } = host;
  if (netns === undefined) return false;
  const had = (await succeeds('ip', ['-n', netns, 'link', 'show', 'eth0'])) && (await exists(veth));
  if (!had) await makeCable(netns, veth);
  await run('ip', ['link', 'set', veth, 'master', bridgeName(config), 'up']);
  await run('ip', ['-n', netns, 'link', 'set', 'lo', 'up']);
  await run('ip', ['-n', netns, 'address', 'replace', `${host.ip}/24`, 'dev', 'eth0']);
  await run('ip', ['-n', netns, 'link', 'set', 'eth0', 'up']);
  return !had;
}

/** A namespace's name that leads nowhere, and an end of a cable without the other, are left of what was killed in the middle. */
async function makeCable(netns: string, veth: string): Promise<void> {
  if (await exists(veth)) await run('ip', ['link', 'delete', veth]);
  if (!(await succeeds('ip', ['netns', 'exec', netns, 'true']))) {
    if (await isListed(netns)) await run('ip', ['netns', 'delete', netns]);
    await run('ip', ['netns', 'add', netns]);
  }
  await run('ip', ['link', 'add', veth, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns]);
}

const exists = (device: string): Promise<boolean> => succeeds('ip', ['link', 'show', device]);

const isListed = async (netns: string): Promise<boolean> =>
  (await run('ip', ['netns', 'list'])).split('\n').some((line) => line.split(' ')[0] === netns);

/** Deletes a host's namespace; its cable goes with it. */
export async function removeHost(host: HostLayout): Promise<void> {
  if (host.netns === undefined) return;
  if (await exists(host.veth)) await run('ip', ['link', 'delete', host.veth]);
  if (await isListed(host.netns)) await run('ip', ['netns', 'delete', host.netns]);
}

/** A command line that runs inside the host's network, and otherwise in this machine. */
export function insideHost(
  host: HostLayout,
  command: string,
  args: readonly string[],
): { command: string; args: string[] } {
  // `ip netns exec` would remount /sys, and dockerd then finds no devices cgroup.
  return host.netns === undefined
    ? { command, args: [...args] }
    : { command: 'nsenter', args: [`--net=/run/netns/${host.netns}`, command, ...args] };
}
