/** Questions that are asked of a pod's spec everywhere. Defaults are the API's, for documents that predate defaulting. */
import type { Container, EphemeralContainer, Pod } from '@skiff/api';

export type ContainerKind = 'init' | 'sidecar' | 'app' | 'ephemeral';

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

export interface DeclaredContainer {
  readonly kind: ContainerKind;
  readonly spec: Container;
}

export const restartPolicyOf = (pod: Pod): RestartPolicy => pod.spec.restartPolicy ?? 'Always';

/** A restartable init container (KEP-753): starts in order, then runs beside the app containers. */
export const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

export const initContainers = (pod: Pod): readonly DeclaredContainer[] =>
  (pod.spec.initContainers ?? []).map((spec) => ({ kind: isSidecar(spec) ? 'sidecar' : 'init', spec }));

export const appContainers = (pod: Pod): readonly DeclaredContainer[] =>
  pod.spec.containers.map((spec) => ({ kind: 'app', spec }));

export const ephemeralContainers = (pod: Pod): readonly DeclaredContainer[] =>
  (pod.spec.ephemeralContainers ?? []).map((spec) => ({ kind: 'ephemeral', spec: asContainer(spec) }));

/** Every container the pod declares: init containers in order, then app, then ephemeral ones. */
export const declaredContainers = (pod: Pod): readonly DeclaredContainer[] => [
  ...initContainers(pod),
  ...appContainers(pod),
  ...ephemeralContainers(pod),
];

export const findDeclared = (pod: Pod, name: string): DeclaredContainer | undefined =>
  declaredContainers(pod).find((declared) => declared.spec.name === name);

/** How events name a container of the pod; empty for one it does not declare. */
export function fieldPathOf({ spec }: Pod, name: string): string {
  const list = (['containers', 'initContainers', 'ephemeralContainers'] as const).find((key) =>
    spec[key]?.some((one) => one.name === name),
  );
  return list === undefined ? '' : `spec.${list}{${name}}`;
}

/** system-cluster-critical begins here, system-node-critical above it. */
export const criticalPriority = 2_000_000_000;

export const terminationGraceMs = (pod: Pod): number => (pod.spec.terminationGracePeriodSeconds ?? 30) * 1000;

/** `NAME_NAMESPACE(UID)`: how Kubernetes names a pod inside messages. */
export const podLabel = (pod: Pod): string => `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;

/** True when the API holds a phase that a pod never leaves. */
export const isTerminal = (pod: Pod): boolean => pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';

function asContainer(ephemeral: EphemeralContainer): Container {
  const { targetContainerName: _target, ...container } = ephemeral;
  return container;
}
