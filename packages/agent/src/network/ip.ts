/** What `ip` and `bridge` of iproute2 say about this network namespace, as values. */
import { type CommandRunner, output } from './command.ts';
import { type Network, parseNetwork } from './ipv4.ts';

/** Marks our routes in the kernel's table (`ip route … proto`), so that ours can be told from others'. A number that rt_protos leaves free. */
export const routeProtocol = '83';

/** The device that a node address is on. */
export interface Uplink {
  readonly device: string;
  readonly mtu: number;
  readonly subnet: Network;
}

interface ListedLink {
  readonly ifname?: string;
  readonly mtu?: number;
  readonly addr_info?: readonly { readonly family?: string; readonly local?: string; readonly prefixlen?: number }[];
}

async function json<T>(run: CommandRunner, command: string, args: readonly string[]): Promise<readonly T[]> {
  const text = await output(run, command, args);
  // iproute2 prints nothing at all for an empty list.
  return text.trim() === '' ? [] : (JSON.parse(text) as readonly T[]);
}

/** Undefined when no device has the address. */
export async function findUplink(run: CommandRunner, nodeIP: string): Promise<Uplink | undefined> {
  for (const { ifname, mtu, addr_info } of await json<ListedLink>(run, 'ip', ['-j', '-4', 'address', 'show'])) {
    for (const { local, prefixlen } of addr_info ?? []) {
      const subnet = parseNetwork(`${local}/${prefixlen}`);
      if (local === nodeIP && ifname !== undefined && mtu !== undefined && subnet !== undefined)
        return { device: ifname, mtu, subnet };
    }
  }
  return undefined;
}

/** Addresses of a device in CIDR form. Undefined when there is no such device. */
export async function addressesOf(run: CommandRunner, device: string): Promise<readonly string[] | undefined> {
  const listed = await run('ip', ['-j', '-4', 'address', 'show', 'dev', device]);
  if (listed.code !== 0) return undefined;
  const links = JSON.parse(listed.stdout === '' ? '[]' : listed.stdout) as readonly ListedLink[];
  return links.flatMap((link) => (link.addr_info ?? []).map(({ local, prefixlen }) => `${local}/${prefixlen}`));
}

/** Devices that are plugged into a bridge; none when there is no such bridge. */
export async function portsOf(run: CommandRunner, bridge: string): Promise<readonly string[]> {
  const listed = await run('ip', ['-j', 'link', 'show', 'master', bridge]);
  if (listed.code !== 0) return [];
  const links = JSON.parse(listed.stdout === '' ? '[]' : listed.stdout) as readonly ListedLink[];
  return links.flatMap(({ ifname }) => ifname ?? []);
}

/** A route of ours, as the words that add or delete it: `10.244.2.0/24 via 10.0.0.2 dev eth0`. */
export type RouteWords = string;

interface ListedRoute {
  readonly type?: string;
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly prefsrc?: string;
  readonly metric?: number;
  readonly flags?: readonly string[];
}

/** All routes of ours, dead ones too. */
export async function ourRoutes(run: CommandRunner): Promise<readonly RouteWords[]> {
  const listed = await json<ListedRoute>(run, 'ip', ['-j', '-4', 'route', 'show', 'proto', routeProtocol]);
  return listed.map((route) => {
    const destination = route.dst.includes('/') ? route.dst : `${route.dst}/32`;
    return routeWords({
      ...(route.type === 'unreachable' ? { unreachable: true } : {}),
      destination,
      via: route.gateway,
      device: route.type === 'unreachable' ? undefined : route.dev,
      source: route.prefsrc,
      metric: route.metric,
      onlink: route.flags?.includes('onlink') ?? false,
    });
  });
}

export interface RouteShape {
  readonly unreachable?: boolean;
  readonly destination: string;
  readonly via?: string | undefined;
  readonly device?: string | undefined;
  readonly source?: string | undefined;
  readonly metric?: number | undefined;
  readonly onlink?: boolean;
}

/** One way to write a route, so that equal ones are equal as text. */
export function routeWords(route: RouteShape): RouteWords {
  return [
    ...(route.unreachable === true ? ['unreachable'] : []),
    route.destination,
    ...(route.via === undefined ? [] : ['via', route.via]),
    ...(route.device === undefined ? [] : ['dev', route.device]),
    ...(route.source === undefined ? [] : ['src', route.source]),
    ...(route.metric === undefined ? [] : ['metric', String(route.metric)]),
    ...(route.onlink === true ? ['onlink'] : []),
  ].join(' ');
}

/** A tunnel's neighbour: a hardware address, and where it lives. */
export interface Neighbour {
  readonly address: string;
  readonly hardwareAddress: string;
}

export async function neighboursOf(run: CommandRunner, device: string): Promise<readonly Neighbour[]> {
  const listed = await json<{ dst?: string; lladdr?: string }>(run, 'ip', [
    '-j',
    '-4',
    'neigh',
    'show',
    'dev',
    device,
    'nud',
    'permanent',
  ]);
  return listed.flatMap(({ dst, lladdr }) =>
    dst === undefined || lladdr === undefined ? [] : [{ address: dst, hardwareAddress: lladdr }],
  );
}

/** The node address that frames for a hardware address are sent to. */
export async function forwardingOf(run: CommandRunner, device: string): Promise<readonly Neighbour[]> {
  const listed = await json<{ dst?: string; mac?: string }>(run, 'bridge', ['-j', 'fdb', 'show', 'dev', device]);
  return listed.flatMap(({ dst, mac }) =>
    dst === undefined || mac === undefined ? [] : [{ address: dst, hardwareAddress: mac }],
  );
}

/** Runs `ip` commands one after the other in one process; throws CommandFailed at the first that fails. */
export async function ipBatch(run: CommandRunner, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await output(run, 'ip', ['-batch', '-'], { stdin: `${lines.join('\n')}\n` });
}
