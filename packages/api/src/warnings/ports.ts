/** Ports of a pod's containers that meet. */
import type { ContainerPort } from '../kinds/types.ts';
import type { Loose } from '../validation/support.ts';
import type { PlacedContainer } from './pod.ts';

interface Placed {
  readonly port: Loose<ContainerPort>;
  readonly at: string;
}

/** Each port is held against all before it. More than this many in a container are hardly ports, and nobody reads as many warnings. */
const maxPorts = 250;

export function portWarnings(containers: readonly PlacedContainer[]): string[] {
  const byPort = new Map<string, Placed[]>();
  const warnings: string[] = [];
  for (const { container, at } of containers)
    for (const [index, port] of (container.ports ?? []).slice(0, maxPorts).entries()) {
      const placed = { port, at: `${at}.ports[${index}]` };
      if ((port.hostIP ?? '') !== '' && (port.hostPort ?? 0) === 0)
        warnings.push(`${placed.at}: hostIP set without hostPort: ${shown(port)}`);
      const id = `${port.containerPort}/${port.protocol}`;
      const others = byPort.get(id) ?? [];
      warnings.push(...others.flatMap((other) => conflict(placed, other)));
      byPort.set(id, [...others, placed]);
    }
  return warnings;
}

function conflict({ port, at }: Placed, other: Placed): string[] {
  const [ip, otherIp] = [port.hostIP ?? '', other.port.hostIP ?? ''];
  const [number, otherNumber] = [port.hostPort ?? 0, other.port.hostPort ?? 0];
  if (ip === otherIp && number === otherNumber) return [`${at}: duplicate port definition with ${other.at}`];
  if (number === 0 || otherNumber === 0) return [`${at}: overlapping port definition with ${other.at}`];
  const ambiguous = number === otherNumber && (ip === '') !== (otherIp === '');
  return ambiguous ? [`${at}: dangerously ambiguous port definition with ${other.at}`] : [];
}

/** Go's `%+v` of the struct. */
const shown = ({ name = '', hostPort = 0, containerPort = 0, protocol = '', hostIP = '' }: Loose<ContainerPort>) =>
  `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
