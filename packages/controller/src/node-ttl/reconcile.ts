/** Keeps `node.alpha.kubernetes.io/ttl` on every Node what the size of the cluster asks for. Keyed by node. */
import { isReason, resources } from '@skiff/api';
import type { Client, InformerFactory } from '@skiff/client';
import type { Controller } from '../runtime/controller.ts';
import { nextStep, secondsOf } from './decide.ts';

const annotation = 'node.alpha.kubernetes.io/ttl';

export function nodeTtlController(client: Client, informers: InformerFactory): Controller {
  const nodes = informers.informer(resources.nodes);
  let step = 0;

  const watch = (enqueue: (key: string) => void): (() => void) =>
    nodes.onChange((change) => {
      const before = step;
      step = nextStep(step, nodes.list().length);
      enqueue(change.object.metadata.name);
      if (step !== before) for (const node of nodes.list()) enqueue(node.metadata.name);
    });

  async function reconcile(name: string): Promise<undefined> {
    const node = nodes.get('', name);
    const wanted = String(secondsOf(step));
    if (node === undefined || node.metadata.annotations?.[annotation] === wanted) return undefined;
    const patch = { metadata: { annotations: { [annotation]: wanted } } };
    try {
      await client.resource(resources.nodes).patch('', name, 'merge', patch);
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error;
    }
    return undefined;
  }

  return { name: 'node-ttl', watch, reconcile };
}
