/** What an administrator does to the cluster's etcd. */
import { join } from 'node:path';
import spawn from 'nano-spawn';
import { cluster } from '../../e2e/cluster.ts';

/** A resourceVersion is etcd's revision and, in its low 12 bits, the key's slot (docs/decisions/group-commit.md). */
const slotBits = 12n;

/** Forgets all history before `resourceVersion`. */
export async function compact(resourceVersion: string): Promise<void> {
  const { stateDir, etcdPort } = cluster.place;
  const revision = String(BigInt(resourceVersion) >> slotBits);
  const pki = (file: string): string => join(stateDir, 'pki', file);
  const identity = ['--cacert', pki('etcd-ca.crt'), '--cert', pki('etcd-client.crt'), '--key', pki('etcd-client.key')];
  await spawn('etcdctl', ['--endpoints', `https://127.0.0.1:${etcdPort}`, ...identity, 'compaction', revision], {
    env: { ETCDCTL_API: '3' },
  });
}
