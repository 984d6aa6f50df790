/** The lab of docker-compose.yml, from images to a pod, with an engine of its own. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import spawn from 'nano-spawn';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, repository } from '../cluster/cluster.ts';
import { toolsFolder } from '../cluster/global-setup.ts';
import { unpackTools } from '../cluster/tools.ts';
import { type Engine, labFolder, labLeftovers, startEngine } from './engine.ts';

let folder = '';
let engine: Engine;
let kubectlFile = '';
let environment: Record<string, string> = {};

beforeAll(async () => {
  kubectlFile = (await unpackTools(toolsFolder)).kubectl;
  folder = await labFolder();
  engine = await startEngine(folder);
  environment = {
    DOCKER_HOST: `unix://${engine.socket}`,
    COMPOSE_PROJECT_NAME: 'skiff-lab-test',
    COMPOSE_FILE: 'docker-compose.yml',
    SKIFF_BASE: 'skiff/base:12',
    SKIFF_LAB: join(folder, 'lab'),
  };
  await timed('base image', () => spawn('scripts/images', ['--offline'], { cwd: repository, env: environment }));
  if (!(await mayBePrivileged())) environment.COMPOSE_FILE += ':docker-compose.capabilities.yml';
  await timed('docker-compose build', () => compose('build'));
  await timed('docker-compose up', () => compose('up', '-d'));
});

afterAll(async () => {
  await compose('down', '--volumes');
  await engine.stop();
  expect(await labLeftovers(folder)).toEqual([]);
});

test('three nodes are Ready, seen from the host', async () => {
  await timed('nodes Ready', () =>
    eventually('three Ready nodes', async () => {
      const conditions = await kubectl(
        ...['get', 'nodes', '-o', 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}'],
      );
      return conditions === 'True True True';
    }),
  );
});

test('a pod runs from an image that was loaded, and its logs come back', async () => {
  const sockets = (await readdir(join(folder, 'lab', 'engines'))).map((file) => join(folder, 'lab', 'engines', file));
  await spawn('packages/cli/bin/skiff', ['image', 'load', 'skiff/busybox:1', '--engine', ...sockets], {
    cwd: repository,
  });
  await eventually('the ServiceAccount default', () => kubectl('get', 'serviceaccount', 'default'));
  const command = ['sh', '-c', 'echo hello from $(hostname); trap exit TERM; sleep 1000000 & wait'];
  await kubectl('run', 'one', '--image=skiff/busybox:1', '--', ...command);
  await kubectl('wait', '--for=condition=Ready', 'pod/one', '--timeout=60s');
  expect(await kubectl('logs', 'one')).toBe('hello from one');
  expect(await kubectl('exec', 'one', '--', 'nslookup', 'kubernetes.default.svc.cluster.local')).toContain('10.96.0.1');
});

test('the lab survives a restart of all its containers: the pod runs again, with its name', async () => {
  const before = await kubectl('get', 'pod', 'one', '-o', 'jsonpath={.metadata.uid}');
  await timed('docker-compose restart', () => compose('restart', 'etcd', 'apiserver', 'node-1', 'node-2', 'node-3'));
  await timed('the pod runs again', () =>
    eventually(
      'the pod to be restarted',
      async () => {
        const status = await kubectl(
          'get',
          'pod',
          'one',
          '-o',
          'jsonpath={.metadata.uid} {.status.containerStatuses[0]}',
        );
        const [uid, container = '{}'] = status.split(/ (.*)/s);
        const { ready, restartCount } = JSON.parse(container) as { ready: boolean; restartCount: number };
        return uid === before && ready && restartCount > 0 && kubectl('exec', 'one', '--', 'true').then(() => true);
      },
      90_000,
    ),
  );
});

const compose = (...args: string[]) =>
  spawn('docker-compose', args, { cwd: repository, env: environment, stdin: 'ignore' });

const kubectl = (...args: string[]): Promise<string> =>
  engine.inside(kubectlFile, args, { KUBECONFIG: join(folder, 'lab', 'kubeconfig') });

const mayBePrivileged = (): Promise<boolean> =>
  spawn('docker', ['run', '--rm', '--privileged', '--network=none', 'skiff/base:12', 'true'], {
    env: environment,
  }).then(
    () => true,
    () => false,
  );

async function timed(what: string, run: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  await run();
  console.log(`lab: ${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
