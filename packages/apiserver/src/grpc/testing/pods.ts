/** Pods that run on a node, for tests of streams. */
import type { TestClients } from '../../http/testing/server.ts';

/** Creates a pod and says, as its node's agent would, that its containers run. Answers its uid. */
export async function runningPod(
  at: TestClients,
  name: string,
  nodeName: string,
  containers: readonly string[] = ['c'],
): Promise<string> {
  // Made by a controller in a whole cluster; a second time it is there already.
  await at.create('/api/v1/namespaces/default/serviceaccounts', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default' },
  });
  const created = await at.create('/api/v1/namespaces/default/pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { nodeName, containers: containers.map((one) => ({ name: one, image: 'busybox' })) },
  });
  if (created.status !== 201) throw new Error(`the pod was refused: ${created.text}`);
  await setStatus(at, name, {
    phase: 'Running',
    containerStatuses: containers.map((one) =>
      containerStatus(one, { running: { startedAt: '2026-01-01T00:00:00Z' } }),
    ),
  });
  return (JSON.parse(created.text) as { metadata: { uid: string } }).metadata.uid;
}

export const containerStatus = (name: string, state: object) => ({
  ...{ name, state, image: 'busybox', imageID: '', ready: true, restartCount: 0 },
});

export async function setStatus(at: TestClients, name: string, status: object): Promise<void> {
  const patched = await at.request(`/api/v1/namespaces/default/pods/${name}/status`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify({ status }),
  });
  if (patched.status !== 200) throw new Error(`the status was refused: ${patched.text}`);
}
