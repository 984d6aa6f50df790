/** etcd's messages by its own definitions, which etcd3 carries along: what our reading and writing of them is held against. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { loadSync, type MethodDefinition, type ServiceDefinition } from '@grpc/proto-loader';

const folder = join(dirname(createRequire(import.meta.url).resolve('etcd3')), '..', 'proto');

interface Message {
  encode(value: object): Buffer;
  decode(bytes: Buffer): object;
}

/** The request and the answer of a method of the service of that name, e.g. `KV` and `Txn`. */
export function etcdMessages(service: string, method: string): { readonly request: Message; readonly answer: Message } {
  const definitions = loadSync(join(folder, 'rpc.proto'), {
    keepCase: true,
    longs: String,
    enums: String,
    oneofs: true,
  });
  const found = (definitions[`etcdserverpb.${service}`] as ServiceDefinition)[method] as MethodDefinition<
    object,
    object
  >;
  return {
    request: { encode: found.requestSerialize, decode: found.requestDeserialize },
    answer: { encode: found.responseSerialize, decode: found.responseDeserialize },
  };
}
