/** Many pods in the store at once, written past the API server in the form that it stores them. */
import { Etcd3 } from 'etcd3';
import { createServiceAccount, grpcDoor, rawEtcd } from './doors.ts';
import { rate } from './measure.ts';
import { namespace } from './pods.ts';
import type { BenchServer } from './server.ts';

export const seededName = (index: number): string => `seeded-${index}`;

export function etcdClient({ etcd }: BenchServer): Etcd3 {
  const { ca, cert, key } = etcd.identity;
  return new Etcd3({
    hosts: etcd.endpoint,
    credentials: { rootCertificate: Buffer.from(ca), certChain: Buffer.from(cert), privateKey: Buffer.from(key) },
    grpcOptions: { 'grpc.ssl_target_name_override': 'localhost', 'grpc.max_receive_message_length': -1 },
  });
}

/** Puts so many documents, one a transaction: only the API server's own keeper knows which keys may share one. */
export async function putAll(
  server: BenchServer,
  count: number,
  document: (index: number) => readonly [key: string, text: string],
): Promise<void> {
  const client = etcdClient(server);
  await rate(64, count, (index) => {
    const [key, text] = document(index);
    return client.put(key).value(text).exec();
  });
  client.close();
}

/** Makes one pod through the API and writes `count` like it, bound in turn to nodes `sim-0` … `sim-(nodes - 1)`. Answers a document's bytes. */
export async function seedPods(server: BenchServer, count: number, nodes: number): Promise<number> {
  await createServiceAccount(server);
  const door = grpcDoor(server);
  const raw = rawEtcd(server);
  try {
    await door.run('create', 'sample', 0);
    const sample = JSON.parse(await raw.stored('sample'));
    await door.run('delete', 'sample', 0);
    const text = (index: number): string =>
      JSON.stringify({
        ...sample,
        metadata: { ...sample.metadata, name: seededName(index), uid: uidOf(index) },
        spec: { ...sample.spec, nodeName: `sim-${index % nodes}` },
      });
    await putAll(server, count, (index) => [`/registry/core/pods/${namespace}/${seededName(index)}`, text(index)]);
    return text(0).length;
  } finally {
    door.close();
    raw.close();
  }
}

const uidOf = (index: number): string => `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;
