/** Bad input: a clear error in Kubernetes' shape, or a pod state that says what is wrong; nothing crashes. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../cluster/cluster.ts';
import { cluster, removeNamespace } from './cluster.ts';

const ns = 'bad-input';

beforeAll(async () => {
  await cluster.kubectl('create', 'namespace', ns);
  await eventually('the ServiceAccount default', () => cluster.kubectl('get', 'serviceaccount', 'default', '-n', ns));
});

afterAll(() => removeNamespace(ns));

const raw = (path: string, body: string) => cluster.tryKubectl(['create', '--raw', path, '-f', '-'], body);

test('malformed JSON is a bad request', async () => {
  const { exitCode, stderr } = await raw(`/api/v1/namespaces/${ns}/configmaps`, '{"apiVersion": "v1", ');
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain('BadRequest');
});

test('malformed YAML, an unknown field and a wrong type are told apart', async () => {
  const yaml = await cluster.tryKubectl(['apply', '-n', ns, '-f', '-'], 'apiVersion: v1\nkind: [');
  expect(yaml.stderr).toMatch(/error (parsing|converting)/);
  const unknown = await cluster.tryKubectl(['apply', '-n', ns, '-f', '-'], configMap({ colour: 'red' }));
  expect(unknown.stderr).toMatch(/strict decoding error: unknown field "colour"/);
  const wrong = await cluster.tryKubectl(['apply', '-n', ns, '-f', '-'], configMap({ data: { a: 1 } }));
  expect(wrong.exitCode).not.toBe(0);
});

test('a body that is too large is refused', async () => {
  const { exitCode, stderr } = await raw(
    `/api/v1/namespaces/${ns}/configmaps`,
    configMap({ data: { big: 'x'.repeat(4 * 1024 * 1024) } }),
  );
  expect(exitCode).not.toBe(0);
  expect(stderr).toMatch(/RequestEntityTooLarge|request is too large|limit/i);
});

test('an invalid object names every fault with its field', async () => {
  const { stderr } = await cluster.tryKubectl(
    ['apply', '-n', ns, '-f', '-'],
    pod('Bad_Name', { image: '', command: ['true'] }),
  );
  expect(stderr).toContain('metadata.name');
  expect(stderr).toContain('spec.containers[0].image: Required value');
});

test('an image that does not exist is ErrImagePull or ImagePullBackOff', async () => {
  await cluster.apply(pod('no-image', { image: 'skiff/does-not-exist:1' }));
  const reason = await waitingReason('no-image');
  expect(['ErrImagePull', 'ImagePullBackOff']).toContain(reason);
});

test('a command that does not exist is told, with its exit code', async () => {
  await cluster.apply(pod('no-command', { image: 'skiff/busybox:1', command: ['/no/such/command'] }));
  await eventually('the container’s failure', async () =>
    (await cluster.kubectl('describe', 'pod', 'no-command', '-n', ns)).includes('/no/such/command'),
  );
  const code = await eventually('an exit code', async () => {
    const { status } = await cluster.getJson<PodStatus>('pod', 'no-command', '-n', ns);
    const [container] = status.containerStatuses ?? [];
    return container?.lastState?.terminated?.exitCode ?? container?.state?.terminated?.exitCode;
  });
  expect([127, 128]).toContain(code);
});

test('two pods with one host port do not share a node', async () => {
  for (const name of ['port-a', 'port-b']) {
    await cluster.apply(
      pod(
        name,
        { image: 'skiff/busybox:1', command: ['sleep', '1000000'], ports: [{ containerPort: 80, hostPort: 18080 }] },
        { nodeName: undefined, nodeSelector: { 'kubernetes.io/hostname': 'node-1' } },
      ),
    );
  }
  await eventually('one pod to be unschedulable for its port', async () =>
    (await cluster.kubectl('get', 'events', '-n', ns)).includes("didn't have free ports"),
  );
});

test('a missing ConfigMap holds the container with a reason, and its arrival lets it go', async () => {
  await cluster.apply(
    pod('waits', {
      image: 'skiff/busybox:1',
      command: ['sleep', '1000000'],
      envFrom: [{ configMapRef: { name: 'later' } }],
    }),
  );
  expect(await waitingReason('waits')).toBe('CreateContainerConfigError');
  await cluster.kubectl('create', 'configmap', 'later', '-n', ns, '--from-literal=A=1');
  await cluster.kubectl('wait', '-n', ns, '--for=condition=Ready', 'pod/waits', '--timeout=120s');
});

interface PodStatus {
  status: {
    containerStatuses?: {
      state?: { waiting?: { reason?: string }; terminated?: { exitCode: number } };
      lastState?: { terminated?: { exitCode: number } };
    }[];
  };
}

const waitingReason = (name: string): Promise<string> =>
  eventually(`${name} to wait for a reason`, async () => {
    const { status } = await cluster.getJson<PodStatus>('pod', name, '-n', ns);
    const reason = status.containerStatuses?.[0]?.state?.waiting?.reason;
    return reason === 'ContainerCreating' ? undefined : reason;
  });

const configMap = (extra: object): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: ns }, ...extra });

const pod = (name: string, container: object, spec: object = {}): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: ns },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', ...container }], ...spec },
  });
