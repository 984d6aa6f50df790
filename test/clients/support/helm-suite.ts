/** What every helm must be able to do: a chart with hooks, from template to uninstall. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cluster } from '../../cluster/cluster.ts';
import { ownNamespace } from './cluster.ts';

const pods = `
      labels: { app: {{ .Release.Name }} }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: skiff/busybox:1
          command: [sh, -c, 'trap exit TERM; sleep 1000000 & wait']
`;

const objects = `
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  word: {{ .Values.word | quote }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
spec:
  selector: { app: {{ .Release.Name }} }
  ports: [{ port: 80 }]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  selector:
    matchLabels: { app: {{ .Release.Name }} }
  template:
    metadata:${pods}`;

const hook = `
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-hook
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{ name: main, image: 'skiff/busybox:1', command: ['true'] }]
`;

/** The file's tests; they build on each other in their order. */
export function helmSuite(version: string, at: Cluster): void {
  const namespace = `helm-${version}`;
  let chart = '';
  ownNamespace(namespace);
  const helm = (...args: string[]): Promise<string> => at.helm(...args, '--namespace', namespace);
  const waiting = ['--wait', '--timeout', '60s'];
  const word = () => at.kubectl('get', 'configmap', 'one', '-n', namespace, '-o', 'jsonpath={.data.word}');

  beforeAll(async () => {
    chart = await mkdtemp(join(tmpdir(), 'skiff-chart-'));
    await mkdir(join(chart, 'templates'));
    await writeFile(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: small\nversion: 0.1.0\n');
    await writeFile(join(chart, 'values.yaml'), 'word: first\n');
    await writeFile(join(chart, 'templates', 'all.yaml'), objects);
    await writeFile(join(chart, 'templates', 'hook.yaml'), hook);
  });
  afterAll(() => rm(chart, { recursive: true, force: true }));

  describe(`helm ${version}`, () => {
    test('renders a chart, checked by the server', async () => {
      expect(await helm('version', '--short')).toMatch(new RegExp(`^v${version}\\.`));
      expect(await helm('template', 'one', chart, '--validate')).toContain('word: "first"');
      expect(await helm('install', 'one', chart, '--dry-run=server')).toContain('STATUS: pending-install');
    });

    test('installs it with its hook, and lists it', async () => {
      expect(await helm('install', 'one', chart, ...waiting)).toContain('STATUS: deployed');
      const hooked = await at.kubectl('get', 'job', 'one-hook', '-n', namespace, '-o', 'jsonpath={.status.succeeded}');
      expect(hooked).toBe('1');
      const releases = JSON.parse(await helm('list', '-o', 'json')) as unknown[];
      expect(releases).toMatchObject([{ name: 'one', revision: '1', status: 'deployed', chart: 'small-0.1.0' }]);
    });

    test('upgrades it, goes back and tells the history', async () => {
      await helm('upgrade', 'one', chart, ...waiting, '--set', 'word=second');
      expect(await word()).toBe('second');
      await helm('rollback', 'one', '1', ...waiting);
      expect(await word()).toBe('first');
      expect(JSON.parse(await helm('history', 'one', '-o', 'json'))).toHaveLength(3);
      expect(await helm('get', 'manifest', 'one')).toContain('kind: Deployment');
    });

    test('uninstalls it', async () => {
      await helm('uninstall', 'one', ...waiting);
      expect(await at.kubectl('get', 'deployment,service', '-n', namespace, '-o', 'name')).toBe('');
      expect(await helm('list', '-q')).toBe('');
    });
  });
}
