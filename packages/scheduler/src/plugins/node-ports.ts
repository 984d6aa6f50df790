/** Two pods cannot have one port of a host. */
import type { Pod } from '@skiff/api';
import { type FilterPlugin, refuse } from '../framework/types.ts';

interface Wanted {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

export const nodePorts: FilterPlugin = {
  name: 'NodePorts',
  prepareFilter(pod) {
    const wanted = hostPorts(pod);
    if (wanted.length === 0) return undefined;
    return ({ pods }) => {
      const taken = pods.flatMap(hostPorts);
      return wanted.some((one) => taken.some((other) => clash(one, other)))
        ? refuse("node(s) didn't have free ports for the requested pod ports")
        : undefined;
    };
  },
};

function hostPorts(pod: Pod): Wanted[] {
  const containers = [
    ...(pod.spec.containers ?? []),
    ...(pod.spec.initContainers ?? []).filter((one) => one.restartPolicy === 'Always'),
  ];
  return containers
    .flatMap((container) => container.ports ?? [])
    .filter((port) => (port.hostPort ?? 0) > 0)
    .map((port) => ({
      ip: port.hostIP === undefined || port.hostIP === '' ? '0.0.0.0' : port.hostIP,
      protocol: port.protocol ?? 'TCP',
      port: port.hostPort ?? 0,
    }));
}

/** The wildcard address clashes with every other. */
const clash = (a: Wanted, b: Wanted): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0');
