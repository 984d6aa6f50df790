/** The node's CSINode, which storage drivers list themselves in; kubelet makes it as soon as it has its Node. */
import { type CSINode, type Draft, isReason, type Node, resources } from '@skiff/api';
import type { Client } from '@skiff/client';
import { type RetryDeps, retry } from '../async/retry.ts';

/** Owned by the Node, so it goes with it. Pure. */
export const newCsiNode = ({ metadata: { name, uid } }: Node): Draft<CSINode> => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSINode',
  metadata: { name, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] },
  spec: { drivers: [] },
});

/** Tries until the Node has one; rejects only when the signal aborts. */
export const registerCsiNode = (client: Client, node: Node, deps: RetryDeps, signal: AbortSignal): Promise<void> =>
  retry('registration of the CSINode', () => registerOnce(client, node, signal), deps, signal);

/** One of a Node that was here before is taken over: its owner is gone, and it would soon be collected. */
async function registerOnce(client: Client, node: Node, signal: AbortSignal): Promise<void> {
  const csiNodes = client.resource(resources.csinodes);
  const wanted = newCsiNode(node);
  const { name, uid } = node.metadata;
  try {
    await csiNodes.create(wanted, { signal });
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error;
    const { metadata } = await csiNodes.get('', name);
    if (metadata.ownerReferences?.some((owner) => owner.uid === uid)) return;
    const { ownerReferences } = wanted.metadata;
    const patch = { metadata: { resourceVersion: metadata.resourceVersion, ownerReferences } };
    await csiNodes.patch('', name, 'merge', patch, { signal });
  }
}
