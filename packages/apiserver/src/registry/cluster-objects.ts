/** The objects every cluster begins with, besides its roles: namespaces, priority classes, and the Services of the API and of DNS. */
import type { JsonObject } from '@skiff/api';
import type { BootstrapObject } from './bootstrap.ts';
import { addressText, parseRange } from './services/addresses.ts';

export interface ClusterObjectsOptions {
  /** The range ClusterIPs are taken from: its first address is the API's, its tenth the DNS Service's. */
  readonly serviceCIDR: string;
  /** The port of the REST door on the advertised addresses. */
  readonly restPort: number;
}

const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

const priorityClass = (name: string, value: number, description: string): BootstrapObject => ({
  group: 'scheduling.k8s.io',
  resource: 'priorityclasses',
  object: {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name },
    value,
    description,
    preemptionPolicy: 'PreemptLowerPriority',
  },
});

const service = (namespace: string, name: string, labels: JsonObject, spec: JsonObject): BootstrapObject => ({
  group: '',
  resource: 'services',
  object: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels },
    spec: { type: 'ClusterIP', ...spec },
  },
});

/** In the order they can be made. */
export function clusterObjects(options: ClusterObjectsOptions): readonly BootstrapObject[] {
  const range = parseRange(options.serviceCIDR);
  return [
    ...namespaces.map((name) => ({
      group: '',
      resource: 'namespaces',
      object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    })),
    priorityClass(
      'system-node-critical',
      2_000_001_000,
      'Used for system critical pods that must not be moved from their current node.',
    ),
    priorityClass(
      'system-cluster-critical',
      2_000_000_000,
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
    ),
    service(
      'default',
      'kubernetes',
      { component: 'apiserver', provider: 'kubernetes' },
      {
        clusterIP: addressText(range, range.first),
        ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: options.restPort }],
      },
    ),
    // No selector: every node's agent answers this address itself.
    service(
      'kube-system',
      'kube-dns',
      { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
      {
        clusterIP: addressText(range, range.first + 9n),
        ports: [
          { name: 'dns', protocol: 'UDP', port: 53, targetPort: 53 },
          { name: 'dns-tcp', protocol: 'TCP', port: 53, targetPort: 53 },
          { name: 'metrics', protocol: 'TCP', port: 9153, targetPort: 9153 },
        ],
      },
    ),
  ];
}
