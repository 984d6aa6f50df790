/** The main job: `kubectl apply` runs real containers on three nodes and keeps them running. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../cluster/cluster.ts';
import { cluster, inside, namespaceWithClient, podsOf, readyPods, removeNamespace } from './cluster.ts';

const ns = 'guestbook';
const web = 'app=guestbook,tier=web';

beforeAll(async () => {
  await namespaceWithClient(ns);
  const started = performance.now();
  await cluster.kubectl('apply', '-n', ns, '-f', 'examples/guestbook/store.yaml', '-f', 'examples/guestbook/web.yaml');
  await readyPods(ns, web, 3);
  await readyPods(ns, 'app=guestbook,tier=store', 1);
  console.log(`guestbook: all Ready ${((performance.now() - started) / 1000).toFixed(1)} s after apply`);
});

afterAll(() => removeNamespace(ns));

test('the pods run on more than one node', async () => {
  const nodes = new Set((await podsOf(ns, 'app=guestbook')).map((pod) => pod.spec.nodeName));
  expect(nodes.size).toBeGreaterThan(1);
});

test('C158 the front end answers through its Service by name, and what is written is read back', async () => {
  await inside(ns, 'wget', '-q', '-O', '-', '--post-data=entry=hello+from+a+test', 'http://web/cgi-bin/guestbook');
  const page = await inside(ns, 'wget', '-q', '-O', '-', `http://web.${ns}.svc.cluster.local/cgi-bin/guestbook?plain`);
  expect(page).toContain('hello from a test');
});

test('a ConfigMap value and a Secret reach the container', async () => {
  expect(await inside(ns, 'wget', '-q', '-O', '-', 'http://web/cgi-bin/guestbook')).toContain(
    '<title>Skiff guestbook</title>',
  );
});

test('a container killed behind our back is restarted', async () => {
  const [victim] = await podsOf(ns, web);
  const id = victim?.status?.containerStatuses?.[0]?.containerID?.replace('docker://', '') ?? '';
  await cluster.docker(victim?.spec.nodeName ?? '', 'kill', id);
  await eventually('restartCount to rise', async () => {
    const pods = await podsOf(ns, web);
    return (
      pods.find((pod) => pod.metadata.name === victim?.metadata.name)?.status?.containerStatuses?.[0]?.restartCount ===
      1
    );
  });
  await readyPods(ns, web, 3);
});

test('scales from 2 to 10 to 3', async () => {
  await cluster.kubectl('scale', '-n', ns, 'deployment/web', '--replicas=2');
  await readyPods(ns, web, 2);
  await cluster.kubectl('scale', '-n', ns, 'deployment/web', '--replicas=10');
  await readyPods(ns, web, 10, 120_000);
  await cluster.kubectl('scale', '-n', ns, 'deployment/web', '--replicas=3');
  await readyPods(ns, web, 3);
});

test('a changed template rolls out without a failed request, and undo goes back', async () => {
  const probe =
    'fails=0; n=0; while [ ! -e /tmp/stop ]; do n=$((n+1)); timeout 5 wget -q -O /dev/null http://web/ || fails=$((fails+1)); sleep 0.05; done; echo "requests=$n fails=$fails"';
  await inside(ns, 'rm', '-f', '/tmp/stop');
  const load = inside(ns, 'sh', '-c', probe);
  await cluster.kubectl('set', 'env', '-n', ns, 'deployment/web', 'GUESTBOOK_TITLE=Second');
  await cluster.kubectl('rollout', 'status', '-n', ns, 'deployment/web', '--timeout=120s');
  expect(await inside(ns, 'wget', '-q', '-O', '-', 'http://web/cgi-bin/guestbook')).toContain('<title>Second</title>');
  await cluster.kubectl('rollout', 'undo', '-n', ns, 'deployment/web');
  await cluster.kubectl('rollout', 'status', '-n', ns, 'deployment/web', '--timeout=120s');
  await inside(ns, 'touch', '/tmp/stop');
  const result = await load;
  expect(result).toMatch(/requests=[1-9]\d+ fails=0/);
  expect(await inside(ns, 'wget', '-q', '-O', '-', 'http://web/cgi-bin/guestbook')).toContain(
    '<title>Skiff guestbook</title>',
  );
  expect(await cluster.kubectl('rollout', 'history', '-n', ns, 'deployment/web')).toMatch(/\n2 .*\n3 /s);
});

test('logs and exec come back over the link, from any node', async () => {
  const pods = await podsOf(ns, 'app=guestbook,tier=store');
  const name = pods[0]?.metadata.name ?? '';
  expect(await cluster.kubectl('logs', '-n', ns, name)).toContain('Ready to accept connections');
  expect(await cluster.kubectl('exec', '-n', ns, name, '--', 'sh', '-c', 'echo $STORE_PASSWORD')).toContain(
    'change-me',
  );
  const failed = await cluster.tryKubectl(['exec', '-n', ns, name, '--', 'sh', '-c', 'exit 7']);
  expect(failed.exitCode).toBe(7);
});

test('skiff speaks the same over gRPC', async () => {
  const listed = await eventually('the pods that ended to be gone', async () => {
    const { stdout } = await cluster.skiff('get', 'pods', '-n', ns, '-l', web);
    return stdout.trim().split('\n').length === 4 && stdout;
  });
  expect(listed).toMatch(/^NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE/);
  const [pod] = await podsOf(ns, web);
  const ran = await cluster.skiff('exec', '-n', ns, pod?.metadata.name ?? '', '--', 'hostname');
  expect(ran.stdout).toContain(pod?.metadata.name);
});
