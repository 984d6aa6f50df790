/**
 * A cluster on this machine as plain data: what it is called, where its files lie, which addresses it has.
 * Everything else in `local/` takes this; two clusters with different names, folders and subnets live side by side.
 */
import { join } from 'node:path';

export interface ClusterConfig {
  /** At most 8 characters of [a-z0-9]: it begins the names of network devices, which Linux limits to 15. */
  readonly name: string;
  /** Absolute path of the state folder (`.skiff`). */
  readonly stateDir: string;
  /** Hosts to make, each a network namespace with its own Docker engine; 0: one node on this machine's own Docker. */
  readonly nodes: number;
  /** First three octets of the network that control plane and nodes share, a /24. */
  readonly subnet: string;
  readonly restPort: number;
  readonly grpcPort: number;
  readonly etcdPort: number;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly dnsAddress: string;
  readonly clusterDomain: string;
}

export const defaultConfig: Omit<ClusterConfig, 'stateDir'> = {
  name: 'skiff',
  nodes: 0,
  subnet: '10.89.0',
  restPort: 6443,
  grpcPort: 7443,
  etcdPort: 12379,
  podCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/16',
  dnsAddress: '10.96.0.10',
  clusterDomain: 'cluster.local',
};

/** The control plane's address on the hosts' network; also the node's when there are no made hosts. */
export const controlPlaneIP = (config: ClusterConfig): string => `${config.subnet}.1`;

/** Cgroup below which this cluster's own engines put every container. */
export const cgroupName = (config: { readonly name: string }): string => `skiff-${config.name}`;

/** Sockets and other files that do not outlive a boot. */
export const runtimeRoot = '/run/skiff';
export const runtimeDir = (config: { readonly name: string }): string => join(runtimeRoot, config.name);

export const bridgeName = (config: ClusterConfig): string => `${config.name}-br`;

export interface HostLayout {
  /** The node's name. */
  readonly name: string;
  readonly ip: string;
  /** Name of its network namespace; undefined: this machine's own. */
  readonly netns: string | undefined;
  /** The end of its cable in the machine's own namespace. */
  readonly veth: string;
  readonly dir: string;
  /** Short, because a Unix socket's path may not be longer than 107 bytes. */
  readonly runDir: string;
  readonly dockerSocket: string;
}

/** Every host the cluster has, in order. `hostname` names the node of a cluster without made hosts. */
export function hostLayouts(config: ClusterConfig, hostname: string): HostLayout[] {
  if (config.nodes === 0) {
    const runDir = `${runtimeDir(config)}/host`;
    return [
      {
        name: hostname.toLowerCase(),
        ip: controlPlaneIP(config),
        netns: undefined,
        veth: '',
        dir: join(config.stateDir, 'nodes', 'host'),
        runDir,
        dockerSocket: '/var/run/docker.sock',
      },
    ];
  }
  return Array.from({ length: config.nodes }, (_, index) => {
    const name = `node-${index + 1}`;
    const runDir = `${runtimeDir(config)}/${name}`;
    return {
      name,
      ip: `${config.subnet}.${11 + index}`,
      netns: `${config.name}-${name}`,
      veth: `${config.name}-h${index + 1}`,
      dir: join(config.stateDir, 'nodes', name),
      runDir,
      dockerSocket: join(runDir, 'docker.sock'),
    };
  });
}

/** Paths below the state folder. */
export function paths(config: { readonly stateDir: string }) {
  const at = (...parts: string[]): string => join(config.stateDir, ...parts);
  return {
    config: at('cluster.json'),
    kubeconfig: at('kubeconfig'),
    pki: at('pki'),
    etcd: at('etcd'),
    logs: at('logs'),
    run: at('run'),
    images: at('images'),
  } as const;
}

/** What of a cluster can be chosen, and the option of `skiff up` that chooses it. */
export const shapeOptions = {
  nodes: '--nodes',
  name: '--name',
  subnet: '--subnet',
  restPort: '--rest-port',
  grpcPort: '--grpc-port',
  etcdPort: '--etcd-port',
} as const;

export type Shape = Pick<ClusterConfig, keyof typeof shapeOptions>;

/** A cluster keeps the shape it was made with: says which option asks for another one, or undefined. */
export function shapeFault(made: Shape, asked: Partial<Shape>): string | undefined {
  for (const [key, option] of Object.entries(shapeOptions) as [keyof Shape, string][]) {
    const wanted = asked[key];
    if (wanted === undefined || wanted === made[key]) continue;
    const was = key === 'nodes' && made.nodes === 0 ? `without ${option}` : `with ${option} ${made[key]}`;
    return `the cluster was made ${was}; \`skiff down\` first to change that`;
  }
  return undefined;
}

/** A fault in a configuration, named for the user; undefined when there is none. */
export function configFault(config: ClusterConfig): string | undefined {
  if (!/^[a-z][a-z0-9]{0,7}$/.test(config.name))
    return `--name ${config.name}: 1 to 8 characters of a-z and 0-9, a letter first`;
  const octets = config.subnet.split('.');
  if (octets.length !== 3 || !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255))
    return `--subnet ${config.subnet}: the first three octets of a /24, such as 10.89.0`;
  for (const range of [config.serviceCIDR, config.podCIDR]) {
    // Nodes would take each other's addresses for those of Services or pods.
    if (overlaps(range, `${config.subnet}.0/24`))
      return `--subnet ${config.subnet}: lies in the cluster’s own ${range}`;
  }
  const ports = [config.restPort, config.grpcPort, config.etcdPort, config.etcdPort + 1];
  if (new Set(ports).size < ports.length)
    return `ports ${ports.join(', ')}: the doors, etcd and etcd’s peer port (one above it) must differ`;
  return undefined;
}

/** True when two IPv4 ranges share an address. */
function overlaps(a: string, b: string): boolean {
  const shorter = Math.min(...[a, b].map((range) => Number(range.split('/')[1])));
  const prefix = (range: string): number => {
    const address = (range.split('/')[0] ?? '').split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
    return Math.floor(address / 2 ** (32 - shorter));
  };
  return prefix(a) === prefix(b);
}
