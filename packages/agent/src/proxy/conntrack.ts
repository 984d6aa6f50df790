/**
 * A UDP flow keeps the endpoint that its first packet was sent to for as long as packets come, even when that endpoint is
 * gone or when the service had none yet. So such flows are forgotten whenever the targets change.
 */
import type { Logger } from '@skiff/api';
import type { CommandRunner } from '../network/command.ts';
import type { UdpTargets } from './rules.ts';

/** A flow as `conntrack -L` prints it: what the client sent to, and who answers. */
export interface Flow {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: string;
  readonly destinationPort: string;
  readonly answerer: string;
  readonly answererPort: string;
}

/** Lines that are no flow are left out. */
export function parseFlows(listing: string): Flow[] {
  const flows: Flow[] = [];
  for (const line of listing.split('\n')) {
    const words = [...line.matchAll(/\b(?:src|dst|sport|dport)=(\S+)/g)].map((match) => match[1] ?? '');
    const [source, destination, sourcePort, destinationPort, answerer, , answererPort] = words;
    if (source === undefined || destination === undefined || sourcePort === undefined) continue;
    if (destinationPort === undefined || answerer === undefined || answererPort === undefined) continue;
    flows.push({ source, destination, sourcePort, destinationPort, answerer, answererPort });
  }
  return flows;
}

/** Flows to a virtual port that do not end at one of its targets. */
export function staleFlows(flows: readonly Flow[], targets: UdpTargets, nodeIP: string): Flow[] {
  return flows.filter((flow) => {
    const translated = flow.answerer !== flow.destination;
    const byAddress = targets.get(`${flow.destination}:${flow.destinationPort}`);
    const mayBeNodePort = translated || flow.destination === nodeIP;
    const wanted = byAddress ?? (mayBeNodePort ? targets.get(`:${flow.destinationPort}`) : undefined);
    if (wanted === undefined || wanted.has(`${flow.answerer}:${flow.answererPort}`)) return false;
    return translated || wanted.size > 0;
  });
}

/** Virtual ports that are no more have no targets: their flows are stale too. */
export function withGone(targets: UdpTargets, old: UdpTargets = new Map()): UdpTargets {
  const gone = [...old.keys()].filter((key) => !targets.has(key));
  return new Map([...targets, ...gone.map((key) => [key, new Set<string>()] as const)]);
}

/** Forgets stale UDP flows. Without the conntrack tool they end by themselves, 30 s after their last packet. */
export async function forgetStaleFlows(
  targets: UdpTargets,
  nodeIP: string,
  run: CommandRunner,
  logger: Logger,
): Promise<void> {
  if (targets.size === 0) return;
  const listing = await run('conntrack', ['-L', '-f', 'ipv4', '-p', 'udp']);
  if (listing.code !== 0) {
    logger.warn(
      { err: listing.stderr },
      'cannot list UDP flows (is conntrack installed?): old ones may live on for 30 s',
    );
    return;
  }
  for (const flow of staleFlows(parseFlows(listing.stdout), targets, nodeIP)) {
    const { source, destination, sourcePort, destinationPort } = flow;
    // Exit code 1 says that it was gone already.
    await run('conntrack', [
      ...['-D', '-f', 'ipv4', '-p', 'udp', '-s', source, '-d', destination],
      ...['--sport', sourcePort, '--dport', destinationPort],
    ]);
  }
}

/** True when the two say the same. */
export function sameTargets(a: UdpTargets, b: UdpTargets): boolean {
  return a.size === b.size && [...a].every(([key, set]) => setsEqual(set, b.get(key)));
}

const setsEqual = (a: ReadonlySet<string>, b: ReadonlySet<string> | undefined): boolean =>
  b !== undefined && a.size === b.size && a.isSubsetOf(b);
