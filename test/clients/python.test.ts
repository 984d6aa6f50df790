/** The distribution's Python client. */
import { fileURLToPath } from 'node:url';
import spawn from 'nano-spawn';
import { expect, test } from 'vitest';
import { clusterWith, ownNamespace } from './support/cluster.ts';

const namespace = 'python';
ownNamespace(namespace);

test('the Python client writes, reads, watches, follows, runs and finds', async () => {
  const script = fileURLToPath(new URL('./support/client.py', import.meta.url));
  // The distribution's Python: its packages are not in another one's path.
  const { stdout } = await spawn('/usr/bin/python3', [script, namespace], {
    env: { KUBECONFIG: clusterWith().kubeconfig },
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
