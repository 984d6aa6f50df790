/**
 * The objects every cluster has: namespaces, priority classes, and the Services of the API and of DNS. Made at start where
 * they are missing; several servers may do so at once.
 */
import { isReason, type JsonObject } from '@skiff/api';
import type { Registry, RequestContext, Target } from './contract.ts';
import { addressText, parseRange } from './services/addresses.ts';

export interface BootstrapOptions {
  readonly registry: Registry;
  /** The range ClusterIPs are taken from: its first address is the API's, its tenth the DNS Service's. */
  readonly serviceCIDR: string;
  /** The port of the REST door on the advertised addresses. */
  readonly restPort: number;
  readonly signal: AbortSignal;
}

interface Wanted {
  readonly group: string;
  readonly resource: string;
  readonly object: JsonObject;
}

/** The server's own requests, which no authoriser asks about. */
export const systemContext = (signal: AbortSignal): RequestContext => ({
  user: { name: 'system:apiserver', uid: '', groups: ['system:masters'], extra: {} },
  userAgent: 'skiff-apiserver',
  signal,
  warn: () => {},
});

const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

const priorityClass = (name: string, value: number, description: string): Wanted => ({
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

const service = (namespace: string, name: string, labels: JsonObject, spec: JsonObject): Wanted => ({
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
function wanted(options: BootstrapOptions): readonly Wanted[] {
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

const writeOptions = { dryRun: false, fieldManager: 'skiff-apiserver', fieldValidation: 'Strict' } as const;

/** Makes what is missing. Rejects with the first fault that is not a lost race; safe to run again. */
export async function bootstrapCluster(options: BootstrapOptions): Promise<void> {
  const context = systemContext(options.signal);
  for (const { group, resource, object } of wanted(options)) {
    const { name = '', namespace = '' } = object.metadata as { name?: string; namespace?: string };
    const target: Target = { group, version: 'v1', resource, namespace, name, subresource: '' };
    if (await exists(options.registry, context, target)) continue;
    try {
      const body = { document: object, duplicates: [] };
      await options.registry.create(context, { ...target, name: '' }, body, writeOptions);
    } catch (error) {
      if (!(await lostRace(options.registry, context, target, error))) throw error;
    }
  }
}

async function exists(registry: Registry, context: RequestContext, target: Target): Promise<boolean> {
  try {
    await registry.get(context, target, { resourceVersion: '' });
    return true;
  } catch (error) {
    if (isReason(error, 'NotFound')) return false;
    throw error;
  }
}

/** A server that was faster made the object, or holds its address and is about to. */
async function lostRace(registry: Registry, context: RequestContext, target: Target, error: unknown): Promise<boolean> {
  return isReason(error, 'AlreadyExists') || exists(registry, context, target);
}
