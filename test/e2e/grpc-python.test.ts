/** The example of a gRPC client in another language, run as its page says. */
import { join } from 'node:path';
import spawn from 'nano-spawn';
import { expect, test } from 'vitest';
import { repository } from '../cluster/cluster.ts';
import { cluster } from './cluster.ts';

test('a Python client creates, watches, follows a log and runs a command', async () => {
  const script = join(repository, 'examples/grpc-python/deploy.py');
  // The distribution's Python: its packages are not in another one's path.
  const { stdout } = await spawn('/usr/bin/python3', [script], { env: { KUBECONFIG: cluster.kubeconfig } });
  expect(stdout).toMatch(/^created [0-9a-f-]{36}$/m);
  expect(stdout).toMatch(/^ {2}MODIFIED from-python-\S+ ready=True$/m);
  expect(stdout).toContain("log: ['tick 0', 'tick 1']");
  expect(stdout).toMatch(/^exec: \('from from-python-\S+\\n', 3\)$/m);
  expect(stdout).toMatch(/^deleted$/m);
});
