/** What the pod worker asks of the node's network. */

/** A sandbox that wants a network. */
export interface SandboxNetwork {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The sandbox (pause) container's id: CNI's container id. */
  readonly sandboxId: string;
  /** Path of its network namespace, e.g. `/proc/1234/ns/net`. Empty on detach when the sandbox is already gone. */
  readonly netnsPath: string;
  readonly hostPorts: readonly HostPort[];
}

export interface HostPort {
  readonly hostIP: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

export interface PodNetwork {
  /** CNI ADD. Idempotent for one sandbox. Throws NetworkNotReady before the node has a pod CIDR. */
  attach(sandbox: SandboxNetwork): Promise<{ readonly ips: readonly string[] }>;
  /** CNI DEL. Succeeds when there is nothing to detach. */
  detach(sandbox: SandboxNetwork): Promise<void>;
  /** Undefined when ready; else why not, for the node's Ready condition. */
  notReady(): string | undefined;
  /** Addresses the pods' resolv.conf names as servers. */
  readonly dnsServers: readonly string[];
  /** `cluster.local`. */
  readonly clusterDomain: string;
}
