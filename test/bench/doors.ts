/** The ways in that are compared: both doors of the API server, and etcd itself with the client library that the server uses. */
import http2 from 'node:http2';
import { checkServerIdentity } from 'node:tls';
import { ChannelCredentials, Client, type ClientReadableStream } from '@grpc/grpc-js';
import { services } from '@skiff/api/wire';
import { Etcd3 } from 'etcd3';
import { namespace, podDocument, statusPatch } from './pods.ts';
import type { BenchServer } from './server.ts';

export type Verb = 'create' | 'status-patch' | 'get' | 'delete';
export const verbs: readonly Verb[] = ['create', 'get', 'status-patch', 'delete'];

/** One way in: does a verb on the pod of that number. */
export interface Door {
  readonly name: string;
  run(verb: Verb, name: string, index: number): Promise<unknown>;
  close(): void;
}

const timeoutMs = 60_000;

export interface Grpc {
  call(method: string, request: object): Promise<unknown>;
  /** A server stream without a deadline. */
  stream(method: string, request: object): ClientReadableStream<unknown>;
  close(): void;
}

/** A connection of its own, as the administrator. */
export function dialGrpc({ grpc, admin }: Pick<BenchServer, 'grpc' | 'admin'>): Grpc {
  const credentials = ChannelCredentials.createSsl(
    ...([admin.ca, admin.key, admin.cert].map((pem) => Buffer.from(pem)) as [Buffer, Buffer, Buffer]),
    { checkServerIdentity: (_, certificate) => checkServerIdentity('127.0.0.1', certificate) },
  );
  const client = new Client(grpc, credentials, {
    'grpc.ssl_target_name_override': 'skiff',
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': -1,
  });
  const methodOf = (method: string) => {
    const definition = services.Resources[method];
    if (definition === undefined) throw new Error(`no method ${method}`);
    return definition;
  };
  const stream: Grpc['stream'] = (method, request) => {
    const { path, requestSerialize, responseDeserialize } = methodOf(method);
    return client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
  };
  const call: Grpc['call'] = (method, request) => {
    const { path, requestSerialize, responseDeserialize } = methodOf(method);
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + timeoutMs;
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, { deadline }, (error, answer) =>
        error === null ? resolve(answer) : reject(error),
      );
    });
  };
  return { call, stream, close: () => client.close() };
}

/** What the controller manager would have made: pods run as it. */
export async function createServiceAccount(server: BenchServer): Promise<void> {
  const { call, close } = dialGrpc(server);
  const target = { group: '', version: 'v1', resource: 'serviceaccounts', namespace, name: '', subresource: '' };
  const json = JSON.stringify({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } });
  await call('Create', { target, object: { json } });
  close();
}

export function grpcDoor(server: BenchServer): Door {
  const { call, close } = dialGrpc(server);
  const target = (name: string, subresource = '') => ({
    ...{ group: '', version: 'v1', resource: 'pods', namespace, name, subresource },
  });
  return {
    name: 'grpc',
    run(verb, name, index) {
      switch (verb) {
        case 'create':
          return call('Create', { target: target(''), object: { json: podDocument(name) } });
        case 'get':
          return call('Get', { target: target(name) });
        case 'status-patch':
          return call('Patch', { target: target(name, 'status'), type: 'PATCH_TYPE_MERGE', patch: statusPatch(index) });
        case 'delete':
          return call('Delete', { target: target(name), options: { gracePeriodSeconds: 0 } });
      }
    },
    close,
  };
}

export function restDoor({ rest, admin }: BenchServer): Door {
  const session = http2.connect(`https://${rest}`, { ...admin, settings: { initialWindowSize: 1024 * 1024 } });
  session.on('error', () => undefined);
  const send = (method: string, path: string, body?: string, type = 'application/json'): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const headers = { ':method': method, ':path': path, accept: 'application/json' };
      const stream = session.request(body === undefined ? headers : { ...headers, 'content-type': type });
      let status = 0;
      let answer = '';
      stream.on('response', (got) => {
        status = got[':status'] ?? 0;
      });
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        answer += text;
      });
      stream.on('error', reject);
      stream.on('end', () =>
        status < 300 ? resolve(answer) : reject(new Error(`${method} ${path}: ${status} ${answer}`)),
      );
      stream.end(body);
    });
  const base = `/api/v1/namespaces/${namespace}/pods`;
  return {
    name: 'rest',
    run(verb, name, index) {
      switch (verb) {
        case 'create':
          return send('POST', base, podDocument(name));
        case 'get':
          return send('GET', `${base}/${name}`);
        case 'status-patch':
          return send('PATCH', `${base}/${name}/status`, statusPatch(index), 'application/merge-patch+json');
        case 'delete':
          return send('DELETE', `${base}/${name}?gracePeriodSeconds=0`);
      }
    },
    close: () => session.close(),
  };
}

/** etcd alone, with documents as the server stores them. */
export interface RawEtcd {
  put(name: string, text: string): Promise<unknown>;
  get(name: string): Promise<unknown>;
  /** What the server has stored of a pod. */
  stored(name: string): Promise<string>;
  /** Removes all that `put` left. */
  clear(): Promise<unknown>;
  close(): void;
}

export function rawEtcd({ etcd }: BenchServer): RawEtcd {
  const { ca, cert, key } = etcd.identity;
  const client = new Etcd3({
    hosts: etcd.endpoint,
    credentials: { rootCertificate: Buffer.from(ca), certChain: Buffer.from(cert), privateKey: Buffer.from(key) },
    grpcOptions: { 'grpc.ssl_target_name_override': 'localhost', 'grpc.max_receive_message_length': -1 },
  });
  return {
    put: (name, text) => client.put(`/bench/${name}`).value(text).exec(),
    get: (name) => client.get(`/bench/${name}`).string(),
    async stored(name) {
      const text = await client.get(`/registry/core/pods/${namespace}/${name}`).string();
      if (text === null) throw new Error(`etcd holds no pod ${name}`);
      return text;
    },
    clear: () => client.delete().prefix('/bench/').exec(),
    close: () => client.close(),
  };
}
