/** Unmodified helm against the REST door: a chart's whole life. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cluster, podsOf, readyPods, removeNamespace } from './cluster.ts';

const ns = 'helm';
let chart = '';

beforeAll(async () => {
  chart = await mkdtemp(join(tmpdir(), 'skiff-chart-'));
  await mkdir(join(chart, 'templates'));
  await writeFile(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: small\nversion: 0.1.0\n');
  await writeFile(join(chart, 'values.yaml'), 'replicas: 1\nword: first\n');
  await writeFile(join(chart, 'templates', 'all.yaml'), templates);
});

afterAll(async () => {
  await removeNamespace(ns);
  await rm(chart, { recursive: true, force: true });
});

test('install waits until the pods are Ready, and status tells of the release', async () => {
  const flags = ['--namespace', ns, '--create-namespace', '--wait', '--timeout', '90s'];
  expect(await cluster.helm('install', 'one', chart, ...flags)).toContain('STATUS: deployed');
  await readyPods(ns, 'app=one', 1);
});

test('upgrade changes what is there, rollback goes back', async () => {
  const flags = ['--namespace', ns, '--wait', '--timeout', '90s'];
  await cluster.helm('upgrade', 'one', chart, ...flags, '--set', 'replicas=2,word=second');
  await readyPods(ns, 'app=one', 2);
  expect(await word()).toBe('second');
  await cluster.helm('rollback', 'one', '1', ...flags);
  await readyPods(ns, 'app=one', 1);
  expect(await word()).toBe('first');
  const history = JSON.parse(await cluster.helm('history', 'one', '--namespace', ns, '-o', 'json')) as unknown[];
  expect(history).toHaveLength(3);
});

test('uninstall removes all of it', async () => {
  await cluster.helm('uninstall', 'one', '--namespace', ns, '--wait', '--timeout', '90s');
  expect(await podsOf(ns, 'app=one')).toEqual([]);
  const { stderr } = await cluster.tryKubectl(['get', 'configmap', 'one', '-n', ns]);
  expect(stderr).toContain('NotFound');
});

const word = (): Promise<string> => cluster.kubectl('get', 'configmap', 'one', '-n', ns, '-o', 'jsonpath={.data.word}');

const templates = `
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  word: {{ .Values.word | quote }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: { app: {{ .Release.Name }} }
  template:
    metadata:
      labels: { app: {{ .Release.Name }} }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: skiff/busybox:1
          command: [sleep, "1000000"]
`;
