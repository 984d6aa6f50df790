/** Gives every node a range of pod addresses of its own. Keyed by node; one worker, because a range must not be given twice. */
import { type Node, resources } from '@skiff/api';
import type { Client, EventRecorder, InformerFactory } from '@skiff/client';
import type { Controller } from '../runtime/controller.ts';
import { nextRange } from './decide.ts';

export interface NodeIpamContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  /** IPv4, e.g. `10.244.0.0/16`. */
  readonly clusterCIDR: string;
  /** Prefix length of a node's range; 24 by default. */
  readonly nodeMaskSize: number;
}

export function nodeIpamController({
  client,
  informers,
  recorder,
  clusterCIDR,
  nodeMaskSize,
}: NodeIpamContext): Controller {
  const nodes = informers.informer(resources.nodes);
  /** Ranges given in this process that the cache may not show yet. */
  const given = new Map<string, string>();

  const watch = (enqueue: (key: string) => void): (() => void) =>
    nodes.onChange((change) => {
      if (change.type === 'removed') {
        given.delete(change.object.metadata.name);
        // Its range may be what others wait for.
        for (const node of nodes.list()) if (!hasRange(node)) enqueue(node.metadata.name);
      } else enqueue(change.object.metadata.name);
    });

  async function reconcile(name: string): Promise<undefined> {
    const node = nodes.get('', name);
    if (node === undefined || hasRange(node)) return undefined;
    const taken = [...given.values(), ...nodes.list().flatMap((one) => one.spec?.podCIDR ?? [])];
    const range = given.get(name) ?? nextRange(clusterCIDR, nodeMaskSize, taken);
    if (range === undefined) {
      recorder.event(node, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`);
      throw new Error(`no range of /${nodeMaskSize} is left in ${clusterCIDR}`);
    }
    given.set(name, range);
    await client.resource(resources.nodes).patch('', name, 'merge', {
      metadata: { resourceVersion: node.metadata.resourceVersion },
      spec: { podCIDR: range, podCIDRs: [range] },
    });
    return undefined;
  }

  return { name: 'node-ipam', watch, reconcile, workers: 1 };
}

const hasRange = (node: Node): boolean => (node.spec?.podCIDR ?? '') !== '';
