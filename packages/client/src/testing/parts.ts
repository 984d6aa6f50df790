/** Parts that many tests override: `pod('web', labelled({ app: 'web' }), requesting({ cpu: '1' }), running('n1'))`. */
import type { OwnerReference, Pod, Taint, Toleration } from '@skiff/api';
import type { Part } from './objects.ts';

export const inNamespace = (namespace: string) => ({ metadata: { namespace } });
export const labelled = (labels: Readonly<Record<string, string>>) => ({ metadata: { labels } });
export const annotated = (annotations: Readonly<Record<string, string>>) => ({ metadata: { annotations } });
export const finalized = (...finalizers: string[]) => ({ metadata: { finalizers } });
export const withUid = (uid: string) => ({ metadata: { uid } });

/** Owned and controlled by `owner`. */
export function ownedBy(owner: {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly uid: string };
}): { metadata: { ownerReferences: OwnerReference[] } } {
  const { apiVersion, kind, metadata } = owner;
  const reference = { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true };
  return { metadata: { ownerReferences: [{ ...reference, blockOwnerDeletion: true }] } };
}

/** One container that asks for `requests`. */
export const requesting = (requests: Readonly<Record<string, string>>): Part<Pod> => ({
  spec: { containers: [{ name: 'main', image: 'busybox:1.36', resources: { requests } }] },
});

export const onNode = (nodeName: string): Part<Pod> => ({ spec: { nodeName } });

/** On a node, Running and Ready. */
export const running = (nodeName: string): Part<Pod> => ({
  spec: { nodeName },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
});

export const tolerating = (...tolerations: Toleration[]): Part<Pod> => ({ spec: { tolerations } });
export const tainted = (...taints: Taint[]) => ({ spec: { taints } });
/** A node's room, besides or instead of what `node()` has. */
export const allocatable = (room: Readonly<Record<string, string>>) => ({
  status: { capacity: room, allocatable: room },
});
