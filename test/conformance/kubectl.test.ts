/** What users type: kubectl, unmodified. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { toolsFolder } from '../cluster/global-setup.ts';
import { cluster } from '../e2e/cluster.ts';
import { get, list } from './support/rest.ts';
import { eventually, test } from './support/test.ts';

const core = (ns: string): string => `/api/v1/namespaces/${ns}`;
const idle = ['--', 'sh', '-c', 'trap exit TERM; sleep 1000000 & wait'];

test('C159 kubectl api-versions lists v1', async () => {
  expect((await cluster.kubectl('api-versions')).split('\n')).toContain('v1');
});

test('C160 kubectl cluster-info finds the control plane', async () => {
  expect(await cluster.kubectl('cluster-info')).toMatch(/Kubernetes control plane.* is running at .*https:/);
});

test('C169 kubectl version shows both versions', async () => {
  const shown = await cluster.kubectl('version');
  expect(shown).toMatch(/^Client Version: v\d/m);
  expect(shown).toMatch(/^Server Version: v\d/m);
});

const deployment = (image: string): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image }] } },
    },
  });

test('C162 kubectl diff shows a changed image', async ({ ns }) => {
  await cluster.tryKubectl(['apply', '-n', ns, '-f', '-'], deployment('skiff/busybox:1'));
  const { exitCode, stdout } = await cluster.tryKubectl(['diff', '-n', ns, '-f', '-'], deployment('skiff/other:2'));
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^-\s+- image: skiff\/busybox:1$/m);
  expect(stdout).toMatch(/^\+\s+- image: skiff\/other:2$/m);
});

test('C167 kubectl run makes one pod that is not restarted', async ({ ns }) => {
  await cluster.kubectl('run', 'once', '-n', ns, '--image=skiff/busybox:1', '--restart=Never');
  const { spec } = await get(`${core(ns)}/pods/once`);
  expect(spec).toMatchObject({ restartPolicy: 'Never', containers: [{ image: 'skiff/busybox:1' }] });
});

test('C168 kubectl patch with a server dry run stores nothing', async ({ ns }) => {
  await cluster.kubectl('run', 'dry', '-n', ns, '--image=skiff/busybox:1', ...idle);
  const patch = JSON.stringify({ spec: { containers: [{ name: 'dry', image: 'skiff/other:2' }] } });
  const shown = await cluster.kubectl('patch', 'pod', 'dry', '-n', ns, '-p', patch, '--dry-run=server', '-o', 'yaml');
  expect(shown).toContain('image: skiff/other:2');
  expect((await get(`${core(ns)}/pods/dry`)).spec).toMatchObject({ containers: [{ image: 'skiff/busybox:1' }] });
});

/** Runs `kubectl proxy` until `use` is through; hands it the line that tells where it listens. */
async function proxied(args: readonly string[], use: (line: string) => Promise<void>): Promise<void> {
  const child: ChildProcess = spawn(join(toolsFolder, 'kubectl', 'kubectl'), ['proxy', ...args], {
    env: { KUBECONFIG: cluster.kubeconfig },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  try {
    if (child.stdout === null) throw new Error('kubectl proxy has no output');
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', resolve);
      child.once('exit', (code) => reject(new Error(`kubectl proxy ended with ${code}`)));
    });
    await use(line);
  } finally {
    child.kill();
    await ended;
  }
}

test('C170 kubectl proxy relays on a unix socket', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'skiff-proxy-'));
  const socketPath = join(folder, 'proxy.sock');
  await proxied([`--unix-socket=${socketPath}`], async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      request({ socketPath, path: '/api/' }, (response) => resolve(text(response)))
        .on('error', reject)
        .end();
    });
    expect(JSON.parse(answer)).toMatchObject({ kind: 'APIVersions' });
  });
  await rm(folder, { recursive: true });
});

test('C171 kubectl proxy relays on a free port', async () => {
  await proxied(['--port=0', '--disable-filter'], async (line) => {
    const [, address] = /Starting to serve on (\S+)/.exec(line) ?? [];
    const answer = await fetch(`http://${address}/api/`);
    expect(await answer.json()).toMatchObject({ kind: 'APIVersions' });
  });
});

test('C164 kubectl label adds, selects by and removes a label', async ({ ns }) => {
  await cluster.kubectl('run', 'p', '-n', ns, '--image=skiff/busybox:1', ...idle);
  await cluster.kubectl('label', 'pod', 'p', '-n', ns, 'team=a');
  expect(await cluster.kubectl('get', 'pods', '-n', ns, '-l', 'team=a', '-o', 'name')).toBe('pod/p');
  await cluster.kubectl('label', 'pod', 'p', '-n', ns, 'team-');
  expect(await cluster.kubectl('get', 'pods', '-n', ns, '-l', 'team=a', '-o', 'name')).toBe('');
});

test('C166 kubectl replace changes the image of a pod', async ({ ns }) => {
  await cluster.kubectl('run', 'p', '-n', ns, '--image=skiff/busybox:1', ...idle);
  // Until then its node reports it several times a second, and each report would be a conflict.
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/p', '-n', ns, '--timeout=60s');
  const shown = await cluster.kubectl('get', 'pod', 'p', '-n', ns, '-o', 'json');
  // Without a version: kubectl then asks for the newest right before it replaces.
  const changed = shown
    .replaceAll('"image": "skiff/busybox:1"', '"image": "skiff/other:2"')
    .replace(/ *"resourceVersion": "\d+",\n/, '');
  const { exitCode, stderr } = await cluster.tryKubectl(['replace', '-f', '-', '-n', ns], changed);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect((await get(`${core(ns)}/pods/p`)).spec).toMatchObject({ containers: [{ image: 'skiff/other:2' }] });
});

const controller = (replicas: number): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'web' },
    spec: {
      replicas,
      selector: { app: 'web' },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            { name: 'main', image: 'skiff/busybox:1', command: idle.slice(1), ports: [{ containerPort: 8080 }] },
          ],
        },
      },
    },
  });

const running = (ns: string, count: number): Promise<unknown> =>
  eventually(`${count} running pods`, async () => {
    const phases = (await list(`${core(ns)}/pods`)).items.map(({ status }) => status.phase);
    if (phases.length === count && phases.every((phase) => phase === 'Running')) return true;
    throw new Error(`${phases}`);
  });

const createController = async (ns: string, replicas: number): Promise<void> => {
  const { exitCode, stderr } = await cluster.tryKubectl(['create', '-n', ns, '-f', '-'], controller(replicas));
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  await running(ns, replicas);
};

test('C172 kubectl creates and deletes a controller with its pods', async ({ ns }) => {
  await createController(ns, 2);
  await cluster.kubectl('delete', 'rc', 'web', '-n', ns);
  await running(ns, 0);
});

test('C173 kubectl scale takes a controller down and up', async ({ ns }) => {
  await createController(ns, 2);
  await cluster.kubectl('scale', 'rc', 'web', '-n', ns, '--replicas=1');
  await running(ns, 1);
  await cluster.kubectl('scale', 'rc', 'web', '-n', ns, '--replicas=2');
  await running(ns, 2);
});

test('C165 kubectl patch annotates every pod of a controller', async ({ ns }) => {
  await createController(ns, 2);
  for (const { metadata } of (await list(`${core(ns)}/pods`)).items)
    await cluster.kubectl('patch', 'pod', metadata.name, '-n', ns, '-p', '{"metadata":{"annotations":{"x":"y"}}}');
  for (const { metadata } of (await list(`${core(ns)}/pods`)).items) expect(metadata.annotations?.x).toBe('y');
});

test('C163 kubectl expose makes Services of a controller and of a Service', async ({ ns }) => {
  await createController(ns, 1);
  await cluster.kubectl('expose', 'rc', 'web', '-n', ns, '--name=first', '--port=1234', '--target-port=8080');
  await cluster.kubectl('expose', 'service', 'first', '-n', ns, '--name=second', '--port=2345', '--target-port=8080');
  for (const [name, port] of [
    ['first', 1234],
    ['second', 2345],
  ] as const) {
    expect((await get(`${core(ns)}/services/${name}`)).spec.ports).toMatchObject([{ port, targetPort: 8080 }]);
    await eventually(`endpoints of ${name}`, async () => {
      const { subsets } = await get(`${core(ns)}/endpoints/${name}`);
      expect(subsets).toMatchObject([{ addresses: [{}], ports: [{ port: 8080 }] }]);
      return true;
    });
  }
});

test('C161 kubectl describe shows pods, controllers, services, nodes and namespaces', async ({ ns }) => {
  await createController(ns, 1);
  await cluster.kubectl('expose', 'rc', 'web', '-n', ns, '--port=80', '--target-port=8080');
  const [pod] = (await list(`${core(ns)}/pods`)).items;
  const shows = async (args: readonly string[], labels: readonly string[]): Promise<void> => {
    const shown = await cluster.kubectl('describe', ...args);
    for (const label of labels) expect(shown).toMatch(new RegExp(`^ *${label}`, 'm'));
  };
  const podLabels = ['Name:', 'Namespace:', 'Node:', 'Labels:', 'Status:', 'IP:', 'Controlled By:', 'Image:', 'State:'];
  await shows(['pod', pod?.metadata.name ?? '', '-n', ns], podLabels);
  await shows(['rc', 'web', '-n', ns], ['Name:', 'Selector:', 'Replicas:', 'Pods Status:', 'Pod Template:', 'Events:']);
  await shows(['service', 'web', '-n', ns], ['Name:', 'Selector:', 'Type:', 'IP:', 'Port:', 'Endpoints:']);
  await shows(['node', 'node-1'], ['Name:', 'Roles:', 'Conditions:', 'Addresses:', 'Capacity:', 'System Info:']);
  await shows(['namespace', ns], ['Name:', 'Labels:', 'Status:']);
});

test('C174 kubectl logs honours tail, bytes, timestamps and since', async ({ ns }) => {
  const script = 'for n in 1 2 3 4 5; do echo line $n; done; trap exit TERM; sleep 1000000 & wait';
  await cluster.kubectl('run', 'p', '-n', ns, '--image=skiff/busybox:1', '--', 'sh', '-c', script);
  const logs = (...args: string[]): Promise<string> => cluster.kubectl('logs', 'p', '-n', ns, ...args);
  await eventually('five lines', async () => (await logs()).split('\n').length === 5);
  expect(await logs('--tail=1')).toBe('line 5');
  expect(await logs('--limit-bytes=1')).toBe('l');
  expect(await logs('--tail=1', '--timestamps')).toMatch(/^\d{4}-\d\d-\d\dT\S+Z line 5$/);
  expect((await logs('--since=24h')).split('\n')).toHaveLength(5);
  await eventually('none since a second ago', async () => (await logs('--since=1s')) === '');
});
