/** The labels that carry everything a restarted agent must know, and the names that make `docker ps` readable. */
import type { ContainerRole, PodRef } from './contract.ts';

export const label = {
  /** Ours. */
  role: 'io.skiff.role',
  attempt: 'io.skiff.container.attempt',
  sandboxId: 'io.skiff.sandbox.id',
  /** Milliseconds that this container, once dead, waits before it is started again. */
  backoffMs: 'io.skiff.container.backoff-ms',
  /** Milliseconds between stop signal and kill, for a pod that the API no longer knows. */
  graceMs: 'io.skiff.pod.grace-ms',
  terminationPath: 'io.skiff.container.termination-message-path',
  /** The image as the pod's spec named it: a change restarts the container. */
  declaredImage: 'io.skiff.container.declared-image',
  /** Kubernetes' own, as its tools expect them. */
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
} as const;

/** What `label.containerName` holds for a sandbox, as Kubernetes' Docker runtime had it. */
const sandboxContainerName = 'POD';

export interface Identity {
  readonly role: ContainerRole;
  readonly pod: PodRef;
  readonly name: string;
  readonly attempt: number;
}

/** `k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT`. Names are DNS labels, so `_` cannot occur in a part. */
export function engineName(of: Identity): string {
  const name = of.role === 'sandbox' ? sandboxContainerName : of.name;
  return ['k8s', name, of.pod.name, of.pod.namespace, of.pod.uid, String(of.attempt)].join('_');
}

export function identityLabels(of: Identity): Record<string, string> {
  return {
    [label.role]: of.role,
    [label.attempt]: String(of.attempt),
    [label.podName]: of.pod.name,
    [label.podNamespace]: of.pod.namespace,
    [label.podUid]: of.pod.uid,
    [label.containerName]: of.role === 'sandbox' ? sandboxContainerName : of.name,
  };
}

/** Reads back `identityLabels`; undefined for a container that is not the agent's. */
export function parseIdentity(labels: Readonly<Record<string, string>>): Identity | undefined {
  const role = labels[label.role];
  const uid = labels[label.podUid];
  const podName = labels[label.podName];
  const namespace = labels[label.podNamespace];
  const attempt = Number(labels[label.attempt]);
  if ((role !== 'sandbox' && role !== 'container') || !uid || !podName || !namespace) return undefined;
  if (!Number.isInteger(attempt) || attempt < 0) return undefined;
  const name = role === 'sandbox' ? '' : (labels[label.containerName] ?? '');
  return { role, pod: { namespace, name: podName, uid }, name, attempt };
}

/** A whole, non-negative number kept in a label; `fallback` when it is absent or damaged. */
export function numberLabel(labels: Readonly<Record<string, string>>, key: string, fallback: number): number {
  const text = labels[key];
  if (text === undefined || !/^\d+$/.test(text)) return fallback;
  return Number(text);
}
