/** Brings this host's devices, routes, neighbours and firewall to what the settings say, and takes them away again. */
import { type CommandRunner, output, succeeds } from './command.ts';
import {
  addressesOf,
  forwardingOf,
  ipBatch,
  type Neighbour,
  neighboursOf,
  ourRoutes,
  portsOf,
  routeProtocol,
} from './ip.ts';
import { hardwareAddress } from './ipv4.ts';
import { masqueradeMark } from './nft/ruleset.ts';
import type { Routes, TunnelRoute } from './routes.ts';
import {
  bridgeDevice,
  type ClusterRanges,
  gatewayOf,
  type NodeSettings,
  podMtu,
  tunnel,
  tunnelDevice,
  tunnelEnd,
  wantedRoutes,
} from './settings.ts';

/** Brings everything about. Idempotent; throws CommandFailed at the first step that fails, and goes on from there when called again. */
export async function applyHost(run: CommandRunner, settings: NodeSettings, routes: Routes): Promise<void> {
  await ensureSysctls(run);
  await ensureBridge(run, settings);
  if (routes.tunnel.length > 0) await ensureTunnel(run, settings, routes.tunnel);
  await ensureRoutes(run, settings, routes);
  if (routes.tunnel.length === 0) await removeDevice(run, tunnelDevice);
  await ensureForwarding(run, settings);
}

/** Removes devices, routes and firewall rules. Sysctls stay: others may have come to need them. */
export async function removeHost(run: CommandRunner, ranges: ClusterRanges): Promise<void> {
  const lines = (await ourRoutes(run)).map((words) => `route del ${words} proto ${routeProtocol}`);
  await ipBatch(run, lines);
  await removeDevice(run, tunnelDevice);
  // Cables of pods that were never detached: their other ends go with them.
  for (const port of await portsOf(run, bridgeDevice)) await removeDevice(run, port);
  await removeDevice(run, bridgeDevice);
  for (const { words } of forwardRules(ranges)) {
    while (await succeeds(run, 'iptables', ['-w', '-D', 'FORWARD', ...words]));
  }
}

async function removeDevice(run: CommandRunner, device: string): Promise<void> {
  if (await succeeds(run, 'ip', ['link', 'show', 'dev', device]))
    await output(run, 'ip', ['link', 'delete', 'dev', device]);
}

/**
 * Forwarding, and NAT of frames that the bridge passes from pod to pod: without it a pod's answer to its neighbour would not
 * go through the translation that the question went through.
 */
async function ensureSysctls(run: CommandRunner): Promise<void> {
  const bridged = 'net.bridge.bridge-nf-call-iptables';
  if (!(await succeeds(run, 'sysctl', ['-n', bridged]))) await run('modprobe', ['br_netfilter']);
  await ensureSysctl(run, 'net.ipv4.ip_forward');
  await ensureSysctl(run, bridged);
}

/** Sets it to 1 unless it is: in a container it may be right already, and not ours to write. */
async function ensureSysctl(run: CommandRunner, name: string): Promise<void> {
  const now = await run('sysctl', ['-n', name]);
  if (now.code === 0 && now.stdout.trim() === '1') return;
  await output(run, 'sysctl', ['-q', '-w', `${name}=1`]);
}

async function ensureBridge(run: CommandRunner, settings: NodeSettings): Promise<void> {
  const gateway = gatewayOf(settings.podNetwork);
  const address = `${gateway}/${settings.podNetwork.prefix}`;
  const present = await addressesOf(run, bridgeDevice);
  if (present === undefined) await output(run, 'ip', ['link', 'add', 'name', bridgeDevice, 'type', 'bridge']);
  // A fixed hardware address: a bridge otherwise takes its ports' lowest, and pods' ARP entries go stale as pods come and go.
  await ipBatch(run, [
    `link set dev ${bridgeDevice} mtu ${podMtu(settings.uplink)} address ${hardwareAddress(gateway)} up`,
    `address replace ${address} dev ${bridgeDevice}`,
    ...(present ?? []).filter((one) => one !== address).map((one) => `address del ${one} dev ${bridgeDevice}`),
  ]);
  // Host ports on 127.0.0.1: their packets leave for the pod with a loopback source until NAT rewrites it.
  await ensureSysctl(run, `net.ipv4.conf.${bridgeDevice}.route_localnet`);
}

async function ensureTunnel(
  run: CommandRunner,
  { nodeIP, uplink, podNetwork }: NodeSettings,
  peers: readonly TunnelRoute[],
): Promise<void> {
  const end = tunnelEnd(podNetwork);
  const address = `${end.address}/32`;
  // A device with another node's address in it (the node's address changed) is of no use.
  if (!(await tunnelIsFrom(run, nodeIP))) await removeDevice(run, tunnelDevice);
  const present = await addressesOf(run, tunnelDevice);
  if (present === undefined) {
    const type = ['type', 'vxlan', 'id', String(tunnel.vni), 'dstport', String(tunnel.port), 'nolearning'];
    await output(run, 'ip', ['link', 'add', 'name', tunnelDevice, ...type, 'local', nodeIP]);
  }
  await ipBatch(run, [
    `link set dev ${tunnelDevice} mtu ${podMtu(uplink)} address ${end.hardwareAddress} up`,
    `address replace ${address} dev ${tunnelDevice}`,
    ...(present ?? []).filter((one) => one !== address).map((one) => `address del ${one} dev ${tunnelDevice}`),
  ]);
  await ensureNeighbours(run, peers);
}

async function tunnelIsFrom(run: CommandRunner, nodeIP: string): Promise<boolean> {
  const shown = await run('ip', ['-d', 'link', 'show', 'dev', tunnelDevice]);
  return shown.code !== 0 || shown.stdout.includes(` local ${nodeIP} `);
}

/** Who answers to which hardware address, and behind which node: written by hand, since nothing is learnt or asked for. */
async function ensureNeighbours(run: CommandRunner, peers: readonly TunnelRoute[]): Promise<void> {
  const neighbours = peers.map(({ via, hardwareAddress: hardware }) => ({ address: via, hardwareAddress: hardware }));
  const forwarding = peers.map(({ nodeIP, hardwareAddress: hardware }) => ({
    address: nodeIP,
    hardwareAddress: hardware,
  }));
  const here = difference(await neighboursOf(run, tunnelDevice), neighbours);
  await ipBatch(run, [
    ...here.gone.map((one) => `neigh del ${one.address} dev ${tunnelDevice}`),
    ...here.added.map(
      (one) => `neigh replace ${one.address} lladdr ${one.hardwareAddress} nud permanent dev ${tunnelDevice}`,
    ),
  ]);
  const there = difference(await forwardingOf(run, tunnelDevice), forwarding);
  const lines = [
    ...there.gone.map((one) => `fdb del ${one.hardwareAddress} dev ${tunnelDevice} dst ${one.address}`),
    ...there.added.map((one) => `fdb replace ${one.hardwareAddress} dev ${tunnelDevice} dst ${one.address}`),
  ];
  if (lines.length > 0) await output(run, 'bridge', ['-batch', '-'], { stdin: `${lines.join('\n')}\n` });
}

function difference(
  present: readonly Neighbour[],
  wanted: readonly Neighbour[],
): { readonly gone: readonly Neighbour[]; readonly added: readonly Neighbour[] } {
  const text = (one: Neighbour): string => `${one.address} ${one.hardwareAddress}`;
  const has = new Set(present.map(text));
  const wants = new Set(wanted.map(text));
  return {
    gone: present.filter((one) => !wants.has(text(one))),
    added: wanted.filter((one) => !has.has(text(one))),
  };
}

async function ensureRoutes(run: CommandRunner, settings: NodeSettings, routes: Routes): Promise<void> {
  const wanted = new Set(wantedRoutes(settings, routes));
  const present = new Set(await ourRoutes(run));
  await ipBatch(run, [
    ...[...present.difference(wanted)].map((words) => `route del ${words} proto ${routeProtocol}`),
    ...[...wanted.difference(present)].map((words) => `route replace ${words} proto ${routeProtocol}`),
  ]);
}

interface ForwardRule {
  /** Where it goes in the chain: before Docker's rules, or behind them. */
  readonly operation: '-I' | '-A';
  readonly words: readonly string[];
}

/**
 * dockerd sets the FORWARD policy of iptables' filter table to DROP, and no accept in another table overrides that: so pod
 * traffic is accepted in that very chain. Translated service traffic to addresses that are no pods' is let through last.
 */
function forwardRules({ clusterCIDR }: ClusterRanges): ForwardRule[] {
  const accept = (...match: string[]): string[] => [
    ...match,
    '-m',
    'comment',
    '--comment',
    'skiff pods',
    '-j',
    'ACCEPT',
  ];
  const mark = `0x${masqueradeMark.toString(16)}`;
  return [
    { operation: '-I', words: accept('-s', clusterCIDR) },
    { operation: '-I', words: accept('-d', clusterCIDR) },
    { operation: '-I', words: accept('-m', 'mark', '--mark', `${mark}/${mark}`) },
    { operation: '-A', words: accept('-m', 'conntrack', '--ctstate', 'DNAT') },
  ];
}

async function ensureForwarding(run: CommandRunner, ranges: ClusterRanges): Promise<void> {
  // Without iptables there is no such chain, and nobody who drops in it.
  if ((await run('iptables', ['--version'])).code !== 0) return;
  for (const { operation, words } of forwardRules(ranges)) {
    if (await succeeds(run, 'iptables', ['-w', '-C', 'FORWARD', ...words])) continue;
    await output(run, 'iptables', ['-w', operation, 'FORWARD', ...words]);
  }
}
