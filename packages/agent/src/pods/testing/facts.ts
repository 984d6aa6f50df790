/** Small whole facts for tests: what runs of a pod, and what is known of it. */
import type { Container, Pod } from '@skiff/api';
import type { ContainerStatus } from '../../runtime/contract.ts';
import { label } from '../../runtime/labels.ts';
import type { ContainerHealth, PodFacts } from '../facts.ts';

export const startMs = Date.UTC(2026, 0, 2, 3, 4, 5);
export const image = 'busybox:1.36';

export const container = (name: string, part: Partial<Container> = {}): Container => ({ name, image, ...part });
export const sidecar = (name: string): Container => container(name, { restartPolicy: 'Always' });

export function podWith(spec: Partial<Pod['spec']>, part: Partial<Pod> = {}): Pod {
  const metadata = { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '1', creationTimestamp: '' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { containers: [container('app')], ...spec },
    ...part,
  };
}

export interface InstancePart extends Partial<ContainerStatus> {
  readonly backoffMs?: number;
  readonly sandboxId?: string;
  readonly declaredImage?: string;
}

/** One container instance of the pod, running unless said otherwise. */
export function instance(name: string, part: InstancePart = {}): ContainerStatus {
  const { backoffMs = 0, sandboxId = 'sandbox-0', declaredImage = image, attempt = 0, ...rest } = part;
  return {
    id: `${name}-${attempt}`,
    role: 'container',
    pod: { namespace: 'shop', name: 'web', uid: 'u1' },
    name,
    attempt,
    state: 'running',
    createdAt: startMs,
    labels: {
      [label.backoffMs]: String(backoffMs),
      [label.sandboxId]: sandboxId,
      [label.declaredImage]: declaredImage,
    },
    image: 'sha256:1',
    imageId: 'sha256:1',
    pid: 1,
    startedAt: startMs,
    finishedAt: 0,
    exitCode: 0,
    oomKilled: false,
    startError: '',
    tty: false,
    stdin: false,
    ...rest,
  };
}

export const dead = (name: string, exitCode: number, part: InstancePart = {}): ContainerStatus =>
  instance(name, { state: 'exited', pid: 0, finishedAt: startMs + 1000, exitCode, ...part });

export function sandbox(attempt = 0, part: Partial<ContainerStatus> = {}): ContainerStatus {
  return { ...instance('', { attempt, id: `sandbox-${attempt}` }), role: 'sandbox', labels: {}, ...part };
}

/** A pod that this node wants, with volumes and network, whose running containers are well. */
export function factsOf(pod: Pod, containers: readonly ContainerStatus[] = [], part: Partial<PodFacts> = {}): PodFacts {
  const well: ContainerHealth = { started: true, ready: true };
  const running = containers.filter(({ role, state }) => role === 'container' && state === 'running');
  const live = containers.filter(({ role }) => role === 'sandbox').sort((a, b) => b.attempt - a.attempt)[0];
  return {
    pod,
    now: startMs + 2000,
    presence: 'wanted',
    volumes: 'ready',
    ...(live === undefined ? {} : { network: { sandboxId: live.id, ips: ['10.244.0.5'] } }),
    containers,
    health: new Map(running.map(({ id }) => [id, well])),
    lastWords: new Map(),
    replaced: new Set(),
    preStopped: new Set(),
    setbacks: new Map(),
    busy: new Map(),
    statusReported: true,
    ...part,
  };
}
