/** The token a new node shows once to get its certificate (the format is kubeadm's). */
import { randomBytes } from 'node:crypto';
import { resources } from '@skiff/api';
import type { SkiffClient } from '@skiff/client';

/** Creates a token that is good until `expiresMs`; resolves to its text. */
export async function createBootstrapToken(client: SkiffClient, expiresMs: number): Promise<string> {
  const id = randomBytes(3).toString('hex');
  const secret = randomBytes(8).toString('hex');
  await client.resource(resources.secrets).create({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    stringData: {
      'token-id': id,
      'token-secret': secret,
      expiration: new Date(expiresMs).toISOString(),
      'usage-bootstrap-authentication': 'true',
      'usage-bootstrap-signing': 'true',
    },
  });
  return `${id}.${secret}`;
}
