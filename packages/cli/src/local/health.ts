/** Whether a part of the control plane answers. Undefined: yes; a string: why not. */
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { etcdEndpoint, keyPair, restAddress } from './components.ts';
import type { ClusterConfig } from './layout.ts';

export async function etcdIsHealthy(config: ClusterConfig): Promise<string | undefined> {
  const body = await get(config, `${etcdEndpoint(config)}/health`, 'etcd-ca', 'etcd-client');
  return body.includes('"true"') ? undefined : body;
}

export async function apiserverIsReady(config: ClusterConfig): Promise<string | undefined> {
  const body = await get(config, `https://${restAddress(config)}/readyz`, 'ca', 'admin');
  return body === 'ok' ? undefined : body;
}

async function get(config: ClusterConfig, url: string, authority: string, identity: string): Promise<string> {
  const pair = keyPair(config, identity);
  const [ca, cert, key] = await Promise.all(
    [keyPair(config, authority).certificateFile, pair.certificateFile, pair.keyFile].map((file) => readFile(file)),
  );
  return new Promise((resolve, reject) => {
    const call = request(url, { ca, cert, key, agent: false, timeout: 2000 }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve(body));
      response.on('error', reject);
    });
    call.on('timeout', () => call.destroy(new Error('no answer within 2 s')));
    call.on('error', reject);
    call.end();
  });
}
