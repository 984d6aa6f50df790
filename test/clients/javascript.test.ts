/** @kubernetes/client-node. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  makeInformer,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  type V1ConfigMap,
  type V1Status,
} from '@kubernetes/client-node';
import { beforeAll, expect, test } from 'vitest';
import { clusterWith, ownNamespace } from './support/cluster.ts';

const namespace = 'javascript';
ownNamespace(namespace);

const config = new KubeConfig();
let core: CoreV1Api;

beforeAll(() => {
  config.loadFromFile(clusterWith().kubeconfig);
  core = config.makeApiClient(CoreV1Api);
});

const configMap = (name: string): V1ConfigMap => ({
  metadata: { name, labels: { by: 'javascript' } },
  data: { a: '1' },
});

test('creates, lists, patches, replaces and deletes', async () => {
  await core.createNamespacedConfigMap({ namespace, body: configMap('c') });
  const merge = setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch);
  const patched = await core.patchNamespacedConfigMap({ namespace, name: 'c', body: { data: { b: '2' } } }, merge);
  expect(patched.data).toEqual({ a: '1', b: '2' });
  await core.replaceNamespacedConfigMap({ namespace, name: 'c', body: { ...patched, data: { c: '3' } } });
  const { items } = await core.listNamespacedConfigMap({ namespace, labelSelector: 'by=javascript' });
  expect(items.map(({ metadata, data }) => [metadata?.name, data])).toEqual([['c', { c: '3' }]]);
  await core.deleteNamespacedConfigMap({ namespace, name: 'c' });
  await expect(core.readNamespacedConfigMap({ namespace, name: 'c' })).rejects.toMatchObject({ code: 404 });
  await expect(core.readNamespacedConfigMap({ namespace, name: 'c' })).rejects.toBeInstanceOf(ApiException);
});

test('an informer sees what comes and goes', async () => {
  const list = () => core.listNamespacedConfigMap({ namespace, labelSelector: 'by=javascript' });
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const informer = makeInformer(config, path, list, 'by=javascript');
  const seen: string[] = [];
  informer.on('add', ({ metadata }) => void seen.push(`add ${metadata?.name}`));
  informer.on('delete', ({ metadata }) => void seen.push(`delete ${metadata?.name}`));
  await core.createNamespacedConfigMap({ namespace, body: configMap('before') });
  await informer.start();
  try {
    await core.createNamespacedConfigMap({ namespace, body: configMap('after') });
    await core.deleteNamespacedConfigMap({ namespace, name: 'before' });
    await expect
      .poll(() => [...seen].sort(), { timeout: 20_000 })
      .toEqual(['add after', 'add before', 'delete before']);
  } finally {
    await informer.stop();
  }
});

test('applies on the server what it knows only as a document', async () => {
  const objects = KubernetesObjectApi.makeApiClient(config);
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's', namespace },
    spec: { ports: [{ port: 80 }], selector: { app: 's' } },
  };
  await objects.patch(service, undefined, undefined, 'javascript', true, PatchStrategy.ServerSideApply);
  const [entry] = (await core.readNamespacedService({ namespace, name: 's' })).metadata?.managedFields ?? [];
  expect(entry).toMatchObject({ manager: 'javascript', operation: 'Apply' });
});

test('runs a command, reads a log and reaches a port', async () => {
  const command = ['sh', '-c', 'echo began; trap exit TERM; httpd -p 8080 -h /etc; sleep 1000000 & wait'];
  await core.createNamespacedPod({
    namespace,
    body: {
      metadata: { name: 'p' },
      spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'skiff/busybox:1', command }] },
    },
  });
  const phase = async () => (await core.readNamespacedPod({ namespace, name: 'p' })).status?.phase;
  await expect.poll(phase, { timeout: 60_000, interval: 200 }).toBe('Running');

  const log = new PassThrough();
  await new Log(config).log(namespace, 'p', 'main', log, { tailLines: 5 });
  expect(String((await once(log, 'data'))[0])).toBe('began\n');

  const out = new PassThrough();
  const status = await new Promise<V1Status>((resolve, reject) => {
    const stdin = new PassThrough();
    new Exec(config)
      .exec(namespace, 'p', 'main', ['sh', '-c', 'cat; exit 3'], out, null, stdin, false, resolve)
      .catch(reject);
    stdin.end('through');
  });
  out.end();
  expect(await text(out)).toBe('through');
  expect(status).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode' });

  const forward = new PortForward(config);
  const server = createServer((socket) => void forward.portForward(namespace, 'p', [8080], socket, null, socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('GET /hostname HTTP/1.0\r\n\r\n');
  expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.[01] /);
  socket.destroy();
  server.close();
});

test('scales a deployment', async () => {
  const apps = config.makeApiClient(AppsV1Api);
  const labels = { app: 'd' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'skiff/busybox:1' }] } };
  const spec = { replicas: 0, selector: { matchLabels: labels }, template };
  await apps.createNamespacedDeployment({ namespace, body: { metadata: { name: 'd' }, spec } });
  const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
  const wanted = { namespace, name: 'd', body: { spec: { replicas: 3 } } };
  expect((await apps.patchNamespacedDeploymentScale(wanted, merge)).spec).toEqual({ replicas: 3 });
  await apps.deleteNamespacedDeployment({ namespace, name: 'd', propagationPolicy: 'Foreground' });
});
