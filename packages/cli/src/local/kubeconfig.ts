/** The administrator's kubeconfig. */
import { readFile, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { caFile, grpcAddress, keyPair, restAddress } from './components.ts';
import { type ClusterConfig, paths } from './layout.ts';

/** Writes `.skiff/kubeconfig` (mode 0600, credentials inside). Resolves to whether it changed. */
export async function writeKubeconfig(config: ClusterConfig): Promise<boolean> {
  const admin = keyPair(config, 'admin');
  const base64 = async (file: string): Promise<string> => (await readFile(file)).toString('base64');
  const name = config.name === 'skiff' ? 'skiff' : `skiff-${config.name}`;
  const text = stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: {
          server: `https://${restAddress(config)}`,
          'certificate-authority-data': await base64(caFile(config)),
          // Where `skiff` itself speaks gRPC.
          extensions: [{ name: 'skiff.io/grpc', extension: { address: grpcAddress(config) } }],
        },
      },
    ],
    users: [
      {
        name: `${name}-admin`,
        user: {
          'client-certificate-data': await base64(admin.certificateFile),
          'client-key-data': await base64(admin.keyFile),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: `${name}-admin` } }],
    'current-context': name,
  });
  const file = paths(config).kubeconfig;
  if ((await readFile(file, 'utf8').catch(() => '')) === text) return false;
  await writeFile(file, text, { mode: 0o600 });
  return true;
}
