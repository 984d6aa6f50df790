/** What an API server is told at start. Everything it needs from outside is here: it reads no environment. */
import type { Clock, Logger, Random } from '@skiff/api';

/** Where documents are kept. `memory` is for tests and forgets at exit. */
export type StoreConfig =
  | {
      readonly type: 'etcd';
      readonly endpoints: readonly string[];
      /** For https endpoints: etcd's CA, and the client certificate to show it. */
      readonly tls?: KeyPairFiles & { readonly caFile: string };
    }
  | { readonly type: 'memory' };

/** Paths of PEM files. */
export interface KeyPairFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface ApiServerConfig {
  readonly store: StoreConfig;
  /** `host:port` of the REST door, one listener each; port 0 picks a free one. IPv6 hosts in brackets. */
  readonly restListen: readonly string[];
  /** `host:port` of the gRPC door, one listener each. */
  readonly grpcListen: readonly string[];
  /** The address that pods and nodes reach this server under: the endpoint of the `default/kubernetes` Service. */
  readonly advertiseAddress: string;
  /** The cluster CA: verifies client certificates, signs nodes' certificates in Join and Renew. */
  readonly ca: KeyPairFiles;
  /** The server certificate both doors show. */
  readonly serving: KeyPairFiles;
  /** Signs and verifies service account tokens: an RSA key (PEM), the same for every server of the cluster. */
  readonly serviceAccountKeyFile: string;
  /** `iss` of the tokens, and the audience of those that ask for none: a URL. */
  readonly serviceAccountIssuer: string;
  /** ClusterIPs are taken from here, e.g. `10.96.0.0/16`. */
  readonly serviceCidr: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Called once both doors accept requests, with the addresses they are bound to. */
  readonly onReady?: (bound: BoundAddresses) => void;
}

/** `host:port` of each listener, in the order of the config, with real ports. */
export interface BoundAddresses {
  readonly rest: readonly string[];
  readonly grpc: readonly string[];
}
