/** Processes killed and nodes lost, under a running load of changes: everything converges. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../cluster/cluster.ts';
import { cluster, namespaceWithClient, podsOf, readyPods, removeNamespace } from './cluster.ts';

const ns = 'faults';

beforeAll(async () => {
  await namespaceWithClient(ns);
  await cluster.apply(deployment('steady', 6));
  await readyPods(ns, 'app=steady', 6);
});

afterAll(() => removeNamespace(ns));

test.each(['apiserver', 'scheduler', 'controller', 'agent-node-1'])(
  'kill -9 of %s in the middle of changes',
  async (victim) => {
    const restartsBefore = await restarts();
    const changes = changeForAWhile();
    await cluster.kill(victim);
    await eventually(`${victim} to be started again`, async () =>
      (await cluster.up()).stdout.includes('the cluster is up'),
    );
    const last = await changes;
    await readyPods(ns, 'app=moving', last, 120_000);
    await readyPods(ns, 'app=steady', 6);
    // Nobody touched what was running.
    expect(await restarts()).toEqual(restartsBefore);
    await cluster.kubectl('delete', 'deployment', 'moving', '-n', ns);
  },
);

test('an API server that hangs for longer than the leases last: who led starts over by itself', async () => {
  const startedOver = async (daemon: string): Promise<number> =>
    (await cluster.log(daemon)).split('"msg":"starting over"').length;
  const leaders = ['scheduler', 'controller'];
  await Promise.all([leads('scheduler', 'kube-scheduler'), leads('controller', 'kube-controller-manager')]);
  const before = await Promise.all(leaders.map(startedOver));
  await cluster.kill('apiserver', 'SIGSTOP');
  try {
    await eventually('both to lose their lease', async () => {
      const now = await Promise.all(leaders.map(startedOver));
      return now.every((count, index) => count > (before[index] ?? 0));
    });
  } finally {
    await cluster.kill('apiserver', 'SIGCONT');
  }
  await eventually('the change to be accepted', async () => {
    await cluster.apply(deployment('moving', 3));
    return true;
  });
  await readyPods(ns, 'app=moving', 3, 120_000);
  expect((await cluster.up()).stdout).toContain('nothing was changed');
  await cluster.kubectl('delete', 'deployment', 'moving', '-n', ns);
});

test('a node whose engine and agent stop is NotReady, and its pods are replaced elsewhere', async () => {
  const lost = 'node-3';
  await cluster.kill(`agent-${lost}`);
  await cluster.kill(`docker-${lost}`);
  await cluster.kubectl('wait', '--for=condition=Ready=Unknown', `node/${lost}`, '--timeout=90s');
  await eventually(
    'six Ready pods on the other nodes',
    async () => {
      const pods = (await podsOf(ns, 'app=steady')).filter((pod) => pod.spec.nodeName !== lost);
      return (
        pods.length === 6 &&
        pods.every((pod) => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'))
      );
    },
    120_000,
  );
  await cluster.up();
  await cluster.kubectl('wait', '--for=condition=Ready', `node/${lost}`, '--timeout=60s');
  // What came back with the node is cleaned up there.
  await eventually(
    'the old pods to be gone',
    async () => {
      const left = await cluster.getJson<{ items: { metadata: { deletionTimestamp?: string } }[] }>(
        'pods',
        '-n',
        ns,
        '-l',
        'app=steady',
      );
      return left.items.length === 6 && left.items.every(({ metadata }) => metadata.deletionTimestamp === undefined);
    },
    90_000,
  );
});

/** Waits until the process that runs now holds the lease: one that was killed before it may still be named there. */
const leads = (daemon: string, lease: string): Promise<boolean> =>
  eventually(`${daemon} to lead`, async () => {
    const holder = await cluster.kubectl(
      ...['get', 'lease', lease, '-n', 'kube-system', '-o', 'jsonpath={.spec.holderIdentity}'],
    );
    return holder.endsWith(`_${await cluster.pid(daemon)}`);
  });

/** Scales a second Deployment up and down, going on through errors; resolves to the count asked for last. */
async function changeForAWhile(): Promise<number> {
  const counts = [3, 1, 5, 2, 4];
  await eventually('the first change to be accepted', async () => {
    await cluster.apply(deployment('moving', 1));
    return true;
  });
  for (const count of counts) {
    await eventually(`scale to ${count} to be accepted`, () =>
      cluster.kubectl('scale', '-n', ns, 'deployment/moving', `--replicas=${count}`),
    );
  }
  return counts.at(-1) ?? 0;
}

async function restarts(): Promise<Record<string, number>> {
  const pods = await podsOf(ns, 'app=steady');
  return Object.fromEntries(
    pods.map((pod) => [pod.metadata.name, pod.status?.containerStatuses?.[0]?.restartCount ?? -1]),
  );
}

/** Pods that leave a lost node after two seconds instead of five minutes. */
const deployment = (name: string, replicas: number): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: ns },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [{ name: 'main', image: 'skiff/busybox:1', command: ['sleep', '1000000'] }],
          tolerations: ['not-ready', 'unreachable'].map((key) => ({
            key: `node.kubernetes.io/${key}`,
            operator: 'Exists',
            effect: 'NoExecute',
            tolerationSeconds: 2,
          })),
        },
      },
    },
  });
