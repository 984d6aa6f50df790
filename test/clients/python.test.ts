/** The distribution's Python client. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import spawn from 'nano-spawn';
import { expect, onTestFinished, test } from 'vitest';
import { clusterWith, ownNamespace } from './support/cluster.ts';

const namespace = 'python';
ownNamespace(namespace);

test('the Python client writes, reads, watches, follows, runs and finds', async () => {
  const script = fileURLToPath(new URL('./support/client.py', import.meta.url));
  // What it found of the API, the client keeps among temporary files.
  const temporary = await mkdtemp(join(tmpdir(), 'skiff-python-'));
  onTestFinished(() => rm(temporary, { recursive: true, force: true }));
  // The distribution's Python: its packages are not in another one's path.
  const { stdout } = await spawn('/usr/bin/python3', [script, namespace], {
    env: { KUBECONFIG: clusterWith().kubeconfig, TMPDIR: temporary },
  });
  expect(stdout.split('\n')).toEqual([
    "listed [('c', {'a': '1', 'b': '2'})]",
    'gone 404 Not Found',
    'watched MODIFIED',
    'log began',
    'exec hello',
    'scale Scale 0',
    'dynamic services True 32',
  ]);
});
