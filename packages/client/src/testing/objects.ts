/** Small whole objects for tests. Each takes overrides, merged in order; lists replace. */
import type {
  ApiObject,
  Deployment,
  Lease,
  Namespace,
  Node,
  ObjectMeta,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  Service,
} from '@skiff/api';

/** Part of an object: every member may be absent, and lists stay whole. */
export type Part<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: Part<T[K]> } : T;

/** One object's identity, as the server would have given it; the cluster gives its own when it stores the object. */
function meta(name: string, namespace: string | undefined): ObjectMeta {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid: `uid-of-${name}`,
    resourceVersion: '',
    creationTimestamp: '2026-01-02T03:04:05Z',
  };
}

/** The base with every part merged into it, in order. */
export function withParts<T extends ApiObject>(base: T, parts: readonly Part<T>[]): T {
  return parts.reduce<unknown>(merge, structuredClone(base)) as T;
}

function merge(base: unknown, part: unknown): unknown {
  if (!isPlain(base) || !isPlain(part)) return structuredClone(part);
  const merged = { ...base };
  for (const [key, value] of Object.entries(part)) merged[key] = merge(base[key], value);
  return merged;
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const containers = [{ name: 'main', image: 'busybox:1.36' }];

/** A pod of one container in `default`. */
export const pod = (name: string, ...parts: readonly Part<Pod>[]): Pod =>
  withParts<Pod>({ apiVersion: 'v1', kind: 'Pod', metadata: meta(name, 'default'), spec: { containers } }, parts);

/** A ready node with 4 CPUs, 8 GiB and room for 110 pods. */
export function node(name: string, ...parts: readonly Part<Node>[]): Node {
  const room = { cpu: '4', memory: '8Gi', pods: '110' };
  const base: Node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { ...meta(name, undefined), labels: { 'kubernetes.io/hostname': name } },
    spec: {},
    status: { capacity: room, allocatable: room, conditions: [{ type: 'Ready', status: 'True' }] },
  };
  return withParts<Node>(base, parts);
}

export const namespace = (name: string, ...parts: readonly Part<Namespace>[]): Namespace =>
  withParts<Namespace>({ apiVersion: 'v1', kind: 'Namespace', metadata: meta(name, undefined) }, parts);

const selector = (name: string) => ({ matchLabels: { app: name } });
const template = (name: string) => ({ metadata: { labels: { app: name } }, spec: { containers } });

/** Three replicas of pods labelled `app: <name>`. */
export function deployment(name: string, ...parts: readonly Part<Deployment>[]): Deployment {
  const spec = { replicas: 3, selector: selector(name), template: template(name) };
  return withParts<Deployment>(
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: meta(name, 'default'), spec },
    parts,
  );
}

/** Three replicas of pods labelled `app: <name>`. */
export function replicaSet(name: string, ...parts: readonly Part<ReplicaSet>[]): ReplicaSet {
  const spec = { replicas: 3, selector: selector(name), template: template(name) };
  return withParts<ReplicaSet>(
    { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: meta(name, 'default'), spec },
    parts,
  );
}

/** Port 80 of pods labelled `app: <name>`. */
export function service(name: string, ...parts: readonly Part<Service>[]): Service {
  const spec = { selector: { app: name }, ports: [{ port: 80 }] };
  return withParts<Service>({ apiVersion: 'v1', kind: 'Service', metadata: meta(name, 'default'), spec }, parts);
}

/** A budget over pods labelled `app: <name>`. */
export function podDisruptionBudget(name: string, ...parts: readonly Part<PodDisruptionBudget>[]): PodDisruptionBudget {
  const spec = { minAvailable: 1, selector: selector(name) };
  const base = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: meta(name, 'default'), spec } as const;
  return withParts<PodDisruptionBudget>(base, parts);
}

export const lease = (name: string, ...parts: readonly Part<Lease>[]): Lease =>
  withParts<Lease>(
    { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: meta(name, 'kube-system'), spec: {} },
    parts,
  );
