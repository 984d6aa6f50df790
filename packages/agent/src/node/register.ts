/** Makes this host a Node, or adopts the Node that has its name. */
import { ApiError, type Draft, isReason, type Node, type NodeStatus, resources } from '@skiff/api';
import type { Client } from '@skiff/client';
import { type RetryDeps, retry } from '../async/retry.ts';
import type { NodeTaint } from '../config.ts';

export interface Registration {
  readonly nodeName: string;
  readonly architecture: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly NodeTaint[];
  /** False: the Node must be made by somebody else. */
  readonly registerNode: boolean;
  readonly status: NodeStatus;
  /** The range of pod addresses of the Node that this host was before: pods that run have theirs from it. */
  readonly podCIDRs?: readonly string[];
}

/** The labels that say what the host is: kept right even on a Node that was there before. */
export const hostLabels = ({ nodeName, architecture }: Registration): Record<string, string> => ({
  'beta.kubernetes.io/arch': architecture,
  'beta.kubernetes.io/os': 'linux',
  'kubernetes.io/arch': architecture,
  'kubernetes.io/hostname': nodeName,
  'kubernetes.io/os': 'linux',
});

/** Volumes of this node are attached by the control plane: kubelet's default. */
export const hostAnnotations: Readonly<Record<string, string>> = {
  'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
};

/** The Node as it is first written. Pure. */
export const newNode = (of: Registration): Draft<Node> => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: of.nodeName, labels: { ...of.labels, ...hostLabels(of) }, annotations: { ...hostAnnotations } },
  spec: {
    ...(of.taints.length === 0 ? {} : { taints: [...of.taints] }),
    ...rangesOf(of.podCIDRs ?? []),
  },
  status: of.status,
});

const rangesOf = ([first, ...rest]: readonly string[]): { podCIDR?: string; podCIDRs?: string[] } =>
  first === undefined ? {} : { podCIDR: first, podCIDRs: [first, ...rest] };

/** Tries until the Node is there; rejects only when the signal aborts. */
export const register = (client: Client, of: Registration, deps: RetryDeps, signal: AbortSignal): Promise<Node> =>
  retry('registration of the node', () => registerOnce(client, of, signal), deps, signal);

async function registerOnce(client: Client, of: Registration, signal: AbortSignal): Promise<Node> {
  const nodes = client.resource(resources.nodes);
  const found = await nodes.get('', of.nodeName).catch((error: unknown) => {
    if (isReason(error, 'NotFound')) return undefined;
    throw error;
  });
  if (found !== undefined) return adopt(client, found, of, signal);
  if (!of.registerNode)
    throw new ApiError('NotFound', `node "${of.nodeName}" does not exist and may not be registered`);
  return nodes.create(newNode(of), { signal });
}

async function adopt(client: Client, found: Node, of: Registration, signal: AbortSignal): Promise<Node> {
  const labels = missing(hostLabels(of), found.metadata.labels);
  const annotations = missing(hostAnnotations, found.metadata.annotations);
  const isRight = Object.keys({ ...labels, ...annotations }).length === 0;
  if (isRight || !of.registerNode) return found;
  const patch = { metadata: { labels, annotations } };
  return client.resource(resources.nodes).patch('', of.nodeName, 'strategic', patch, { signal });
}

const missing = (
  wanted: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>> = {},
): Record<string, string> => Object.fromEntries(Object.entries(wanted).filter(([key, value]) => found[key] !== value));
