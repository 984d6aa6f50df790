/** metrics.k8s.io/v1beta1 as metrics-server answers it: what nodes and pods used when they were last looked at. */
import { type ApiError, formatDuration, formatQuantity, formatTime, type JsonObject, notFound } from '@skiff/api';
import type { CachedDocument, Filter } from '../../watch/contract.ts';
import type { Target } from '../contract.ts';
import { collectionOf, type Env, type VirtualKind } from '../env.ts';
import type { Amounts, NodeUsage, PodUsage, UsageReader } from './summary.ts';

const group = 'metrics.k8s.io';
const apiVersion = `${group}/v1beta1`;

/** Whose metrics these are, from the server's own object: an agent's word on names and labels is not asked for. */
type Facts = CachedDocument['facts'];

const usageOf = ({ nanoCores, workingSetBytes }: Amounts): JsonObject => ({
  cpu: formatQuantity({ nano: BigInt(nanoCores), format: 'DecimalSI' }),
  memory: formatQuantity({ nano: BigInt(workingSetBytes) * 1_000_000_000n, format: 'BinarySI' }),
});

function metadataOf({ namespace, name, labels }: Facts, nowMs: number): JsonObject {
  return {
    name,
    ...(namespace === '' ? {} : { namespace }),
    creationTimestamp: formatTime(nowMs),
    ...(Object.keys(labels).length === 0 ? {} : { labels: { ...labels } }),
  };
}

function nodeMetrics(facts: Facts, usage: NodeUsage, nowMs: number): JsonObject[] {
  const { node, windowMs } = usage;
  if (node === undefined) return [];
  return [
    {
      ...{ kind: 'NodeMetrics', apiVersion, metadata: metadataOf(facts, nowMs) },
      ...{ timestamp: formatTime(node.timeMs), window: formatDuration(windowMs), usage: usageOf(node) },
    },
  ];
}

const podMetrics = (facts: Facts, pod: PodUsage, windowMs: number, nowMs: number): JsonObject => ({
  ...{ kind: 'PodMetrics', apiVersion, metadata: metadataOf(facts, nowMs) },
  ...{ timestamp: formatTime(pod.timeMs), window: formatDuration(windowMs) },
  containers: pod.containers.map((container) => ({ name: container.name, usage: usageOf(container) })),
});

/** The two kinds over a reader of usage. */
export function metricsKinds(env: Env, usage: UsageReader): readonly VirtualKind[] {
  const documents = (resource: string, filter: Filter): readonly CachedDocument[] => {
    const kind = env.table.find({ group: '', version: 'v1', resource });
    return kind === undefined ? [] : collectionOf(env, kind).list(filter).documents;
  };

  const nodes = (target: Target): JsonObject[] =>
    documents('nodes', { namespace: '', name: target.name }).flatMap(({ facts }) => {
      const found = usage.nodes.get(facts.name);
      return found === undefined ? [] : nodeMetrics(facts, found, env.clock.now());
    });

  const pods = (target: Target): JsonObject[] => {
    /** By node first: a node speaks for its own pods only. */
    const measured = new Map<string, { readonly pod: PodUsage; readonly windowMs: number }>();
    for (const [node, { pods: all, windowMs }] of usage.nodes)
      for (const pod of all) measured.set(`${node}/${pod.namespace}/${pod.name}`, { pod, windowMs });
    return documents('pods', { namespace: target.namespace, name: target.name }).flatMap(({ facts }) => {
      const found = measured.get(`${facts.fields['spec.nodeName']}/${facts.namespace}/${facts.name}`);
      return found === undefined ? [] : [podMetrics(facts, found.pod, found.windowMs, env.clock.now())];
    });
  };

  /** metrics-server tells what does not exist from what is not measured yet, and calls the latter by a name of its own. */
  const missing = ({ resource, namespace, name }: Target, measured: string): ApiError =>
    documents(resource, { namespace, name }).length === 0
      ? notFound({ group: '', resource }, name)
      : notFound({ group, resource: measured }, namespace === '' ? name : `${namespace}/${name}`);

  const kind = (resource: string, measured: string, read: (target: Target) => JsonObject[]): VirtualKind => ({
    ...{ group, resource },
    async get(_context, target) {
      const [found] = read(target);
      if (found === undefined) throw missing(target, measured);
      return found;
    },
    list: async (_context, target) => read(target),
  });
  return [kind('nodes', 'nodemetrics', nodes), kind('pods', 'podmetrics', pods)];
}
