/** The token a new node shows once to get its certificate (the format is kubeadm's). */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { type Clock, resources } from '@skiff/api';
import { connectAsAdmin } from './admin.ts';
import type { ClusterConfig } from './layout.ts';

const lifetimeMs = 60 * 60 * 1000;

/** Creates a token good for one hour and writes it to `file` (mode 0600). */
export async function createBootstrapToken(config: ClusterConfig, file: string, clock: Clock): Promise<void> {
  const id = randomBytes(3).toString('hex');
  const secret = randomBytes(8).toString('hex');
  const client = await connectAsAdmin(config, clock);
  try {
    await client.resource(resources.secrets).create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
      type: 'bootstrap.kubernetes.io/token',
      stringData: {
        'token-id': id,
        'token-secret': secret,
        expiration: new Date(clock.now() + lifetimeMs).toISOString(),
        'usage-bootstrap-authentication': 'true',
        'usage-bootstrap-signing': 'true',
      },
    });
  } finally {
    client.close();
  }
  await writeFile(file, `${id}.${secret}\n`, { mode: 0o600 });
}
