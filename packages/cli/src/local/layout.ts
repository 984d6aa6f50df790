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
    const runDir = `/run/skiff/${config.name}/host`;
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
    const runDir = `/run/skiff/${config.name}/${name}`;
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

/** A fault in a configuration, named for the user; undefined when there is none. */
export function configFault(config: ClusterConfig): string | undefined {
  if (!/^[a-z][a-z0-9]{0,7}$/.test(config.name))
    return `--name ${config.name}: 1 to 8 characters of a-z and 0-9, a letter first`;
  if (!Number.isInteger(config.nodes) || config.nodes < 0 || config.nodes > 50)
    return `--nodes ${config.nodes}: a whole number from 1 to 50`;
  if (
    !/^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(config.subnet) ||
    config.subnet.split('.').some((octet) => Number(octet) > 255)
  ) {
    return `--subnet ${config.subnet}: the first three octets of a /24, such as 10.89.0`;
  }
  return undefined;
}
