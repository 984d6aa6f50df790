/** The shared cluster as a test file uses it. */
import { join } from 'node:path';
import { inject } from 'vitest';
import { Cluster, eventually } from '../cluster/cluster.ts';
import { toolsFolder } from '../cluster/global-setup.ts';

export const cluster = new Cluster(inject('place'), {
  kubectl: join(toolsFolder, 'kubectl', 'kubectl'),
  helm: join(toolsFolder, 'helm', 'helm'),
});

interface PodShape {
  metadata: { name: string; deletionTimestamp?: string };
  spec: { nodeName?: string };
  status?: {
    phase?: string;
    podIP?: string;
    conditions?: { type: string; status: string }[];
    containerStatuses?: { restartCount: number; containerID?: string }[];
  };
}

/** Pods of a selector that are not being deleted. */
export async function podsOf(namespace: string, selector: string): Promise<PodShape[]> {
  const { items } = await cluster.getJson<{ items: PodShape[] }>('pods', '-n', namespace, '-l', selector);
  return items.filter((pod) => pod.metadata.deletionTimestamp === undefined);
}

export const isReady = (pod: PodShape): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/** Waits until exactly `count` pods are there, and all Ready. */
export function readyPods(namespace: string, selector: string, count: number, timeoutMs?: number): Promise<PodShape[]> {
  return eventually(
    `${count} Ready pods with ${selector}`,
    async () => {
      const pods = await podsOf(namespace, selector);
      if (pods.length === count && pods.every(isReady)) return pods;
      throw new Error(`${pods.length} pods, ${pods.filter(isReady).length} Ready`);
    },
    timeoutMs,
  );
}

/** Makes a namespace with a pod `client` to look at the cluster from inside. */
export async function namespaceWithClient(name: string): Promise<void> {
  await cluster.kubectl('create', 'namespace', name);
  await eventually('the ServiceAccount default', () => cluster.kubectl('get', 'serviceaccount', 'default', '-n', name));
  // A shell that waits ends on SIGTERM; `sleep` as a container's first process would not.
  const command = ['sh', '-c', 'trap exit TERM; sleep 1000000 & wait'];
  await cluster.kubectl('run', 'client', '-n', name, '--image=skiff/busybox:1', '--', ...command);
  await cluster.kubectl('wait', '-n', name, '--for=condition=Ready', 'pod/client', '--timeout=60s');
}

/** Runs a command in the namespace's `client` pod. */
export const inside = (namespace: string, ...command: string[]): Promise<string> =>
  cluster.kubectl('exec', '-n', namespace, 'client', '--', ...command);

/** Deletes a namespace and waits until it, and every container of it, is gone from every node. */
export async function removeNamespace(name: string): Promise<void> {
  await cluster.kubectl('delete', 'namespace', name, '--timeout=120s');
  for (let index = 1; index <= cluster.place.nodes; index += 1) {
    await eventually(`no container of ${name} on node-${index}`, async () => {
      const left = await cluster.docker(
        `node-${index}`,
        'ps',
        '-aq',
        '--filter',
        `label=io.kubernetes.pod.namespace=${name}`,
      );
      if (left !== '') throw new Error(left);
      return true;
    });
  }
}
