/** What an agent is told at start. Everything it needs from outside is here: it reads no environment. */
import type { Clock, Logger, Random } from '@skiff/api';
import type { ImageWaterMarks } from './eviction/images.ts';
import type { Thresholds } from './eviction/thresholds.ts';

/**
 * Who the agent is towards the API server. `files`: a certificate `system:node:<name>` that somebody else made and
 * renews. `join`: the agent makes its own key, exchanges the token in `tokenFile` for a certificate on its first start,
 * keeps both under `<rootDir>/pki` and renews them; the token is not read while it holds a certificate.
 */
export type AgentIdentity =
  | { readonly type: 'files'; readonly certPath: string; readonly keyPath: string }
  | { readonly type: 'join'; readonly tokenFile: string };

export interface NodeTaint {
  readonly key: string;
  readonly value?: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

export interface AgentConfig {
  /** `metadata.name` of the Node. */
  readonly nodeName: string;
  /** The address that other nodes and the control plane reach this host under. */
  readonly nodeIP: string;
  /** `host:port` of each API server's gRPC door. */
  readonly endpoints: readonly string[];
  /** PEM of the cluster CA. */
  readonly caPath: string;
  readonly identity: AgentIdentity;
  /** Pods' volumes, the agent's own key and its memory across restarts live below this folder. */
  readonly rootDir: string;
  /** Path of the Docker engine's Unix socket. */
  readonly dockerSocket: string;
  /** Where the CNI plugin binaries are, e.g. `/usr/lib/cni`. */
  readonly cniBinDir: string;
  /** `cluster.local`. */
  readonly clusterDomain: string;
  /** ClusterIP of the DNS Service, the nameserver of pods with dnsPolicy ClusterFirst. */
  readonly clusterDNS: string;
  /** The range of Service addresses. */
  readonly serviceCIDR: string;
  /** The range that every node's pod range is cut from. */
  readonly podCIDR: string;
  /** Added to the Node's labels when it registers. */
  readonly labels: Readonly<Record<string, string>>;
  /** The Node's taints when it registers first. */
  readonly taints: readonly NodeTaint[];
  /** False: the Node object must exist already; only its status is kept. */
  readonly registerNode: boolean;
  /** Pods this node admits at most; Kubernetes' default is 110. */
  readonly maxPods: number;
  /** What the node must have left; below, pods are evicted. */
  readonly thresholds: Thresholds;
  readonly imageMarks: ImageWaterMarks;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Called once, when the Node is registered and pods are being run. */
  readonly onReady?: () => void;
}
