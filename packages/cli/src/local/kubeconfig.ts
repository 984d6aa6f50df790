/** The administrator's kubeconfig. */
import { readFile } from 'node:fs/promises';
import { writeAtomically } from '@skiff/apiserver';
import { keyPairIn } from './pki.ts';

export interface KubeconfigTarget {
  readonly file: string;
  /** Of the context, the cluster and (with `-admin`) the user. */
  readonly name: string;
  /** Folder with `ca.crt`, `admin.crt` and `admin.key`. */
  readonly pki: string;
  /** `host:port` of the doors. */
  readonly rest: string;
  readonly grpc: string;
}

/** Writes the file (JSON, which is read fastest; mode 0600, credentials inside). Resolves to whether it changed. */
export async function writeKubeconfig({ file, name, pki, rest, grpc }: KubeconfigTarget): Promise<boolean> {
  const admin = keyPairIn(pki, 'admin');
  const base64 = async (path: string): Promise<string> => (await readFile(path)).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: {
          server: `https://${rest}`,
          'certificate-authority-data': await base64(keyPairIn(pki, 'ca').certificateFile),
          // Where `skiff` itself speaks gRPC.
          extensions: [{ name: 'skiff.io/grpc', extension: { address: grpc } }],
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
  };
  const text = `${JSON.stringify(config, null, 2)}\n`;
  if ((await readFile(file, 'utf8').catch(() => '')) === text) return false;
  await writeAtomically(file, text, 0o600);
  return true;
}
