import { X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import type { ClientDuplexStream, ClientReadableStream, Metadata } from '@grpc/grpc-js';
import { status as code, Metadata as GrpcMetadata, loadPackageDefinition } from '@grpc/grpc-js';
import { isReason } from '@skiff/api';
import {
  type CreateRequest,
  type ExecInput,
  type ExecOutput,
  fromGrpcFailure,
  type GetRequest,
  type JoinResponse,
  type ListRequest,
  type LogChunk,
  type ObjectList,
  type ObjectMessage,
  type PatchRequest,
  type Target,
  type WatchBatch,
} from '@skiff/api/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../http/testing/server.ts';
import { createRequest, type KeyPair } from '../pki/authority.ts';
import { linkAgent, linked } from './testing/agent.ts';
import { clients } from './testing/clients.ts';
import { runningPod, setStatus } from './testing/pods.ts';

let at: TestServer;
beforeAll(async () => {
  at = await startTestServer();
});
afterAll(() => at.close());

type Unary = (method: string, request: object, metadata?: Metadata) => Promise<unknown>;

/** A client whose unary calls are promises that reject with ApiError. */
function unaryClient(service: keyof typeof clients, as: KeyPair | undefined): Unary {
  const client = at.grpc<Record<string, (...args: unknown[]) => unknown>>(clients[service], as);
  return (method, request, metadata = new GrpcMetadata()) => {
    const call = promisify((done: (error: unknown, value?: unknown) => void) =>
      (client[method] as (...args: unknown[]) => unknown).call(
        client,
        request,
        metadata,
        { deadline: Date.now() + 10_000 },
        done,
      ),
    );
    return call().catch((error: unknown) => {
      throw fromGrpcFailure(error);
    });
  };
}

const configMaps = (name = ''): Target => ({
  ...{ group: '', version: 'v1', resource: 'configmaps', namespace: 'default', name, subresource: '' },
});
const document = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: '1' } });

describe('Resources', () => {
  let call: Unary;
  beforeAll(() => {
    call = unaryClient('Resources', at.admin);
  });

  it('creates, reads, patches, lists and deletes', async () => {
    const create: Partial<CreateRequest> = {
      target: configMaps(),
      object: { json: JSON.stringify({ ...document('one'), dat: 1 }), warnings: [] },
    };
    const created = (await call('Create', create)) as ObjectMessage;
    expect(created.warnings).toEqual(['unknown field "dat"']);
    const get: Partial<GetRequest> = { target: configMaps('one') };
    expect(((await call('Get', get)) as ObjectMessage).json).toBe(created.json);
    const patch: Partial<PatchRequest> = {
      target: configMaps('one'),
      type: 'PATCH_TYPE_MERGE',
      patch: '{"data":{"b":"2"}}',
    };
    const patched = JSON.parse(((await call('Patch', patch)) as ObjectMessage).json ?? '');
    expect(patched.data).toEqual({ a: '1', b: '2' });
    const list = (await call('List', { target: configMaps() } satisfies Partial<ListRequest>)) as ObjectList;
    expect(list.items.map((item) => JSON.parse(item).metadata.name)).toContain('one');
    await call('Delete', { target: configMaps('one') });
    await expect(call('Get', get)).rejects.toSatisfy((error) => isReason(error, 'NotFound'));
  });

  it('speaks messages and tables to who asks for them', async () => {
    await call('Create', { target: configMaps(), object: { json: JSON.stringify(document('two')) } });
    const asMessage = (await call('Get', { target: configMaps('two'), accept: 'ENCODING_PROTOBUF' })) as ObjectMessage;
    expect(asMessage.message?.type_url).toBe('type.googleapis.com/k8s.io.api.core.v1.ConfigMap');
    const renamed = { ...document('three') };
    await call('Create', { target: configMaps(), object: { json: JSON.stringify(renamed) } });
    const update = (await call('Update', {
      target: configMaps('two'),
      object: { message: asMessage.message },
    })) as ObjectMessage;
    expect(JSON.parse(update.json ?? '').data).toEqual({ a: '1' });
    const table = (await call('List', { target: configMaps(), accept: 'ENCODING_TABLE' })) as ObjectList;
    expect(JSON.parse(table.items[0] ?? '')).toMatchObject({ kind: 'Table' });
  });

  it('carries the whole Status of a refusal', async () => {
    const bad = { ...document('Bad_Name') };
    const refused = call('Create', { target: configMaps(), object: { json: JSON.stringify(bad) } });
    await expect(refused).rejects.toSatisfy(
      (error) => isReason(error, 'Invalid') && error.status.details?.causes?.[0]?.field === 'metadata.name',
    );
    await expect(call('Get', {})).rejects.toSatisfy((error) => isReason(error, 'BadRequest'));
  });

  it('is closed to those without rights and credentials', async () => {
    const list = { target: configMaps() };
    const jane = unaryClient('Resources', await at.issue('jane'));
    await expect(jane('List', list)).rejects.toThrow('User "jane" cannot list resource "configmaps"');
    const nobody = unaryClient('Resources', undefined);
    await expect(nobody('List', list)).rejects.toSatisfy((error) => isReason(error, 'Unauthorized'));
    const metadata = new GrpcMetadata();
    metadata.set('authorization', 'Bearer nonsense');
    await expect(nobody('List', list, metadata)).rejects.toSatisfy((error) => isReason(error, 'Unauthorized'));
  });

  it('watches in batches and ends on time', async () => {
    const client = at.grpc<{ Watch(request: object): ClientReadableStream<WatchBatch> }>(clients.Resources, at.admin);
    const watch = client.Watch({ target: configMaps(), timeoutSeconds: '1', fieldSelector: 'metadata.name=seen' });
    const events: string[] = [];
    await call('Create', { target: configMaps(), object: { json: JSON.stringify(document('seen')) } });
    for await (const batch of watch as AsyncIterable<WatchBatch>)
      for (const event of batch.events) events.push(`${event.type} ${JSON.parse(event.json).metadata.name}`);
    expect(events).toEqual(['EVENT_TYPE_ADDED seen']);
  });

  it('watches as tables of one row', async () => {
    const client = at.grpc<{ Watch(request: object): ClientReadableStream<WatchBatch> }>(clients.Resources, at.admin);
    await call('Create', { target: configMaps(), object: { json: JSON.stringify(document('tabled')) } });
    const selected = { target: configMaps(), fieldSelector: 'metadata.name=tabled' };
    const watch = client.Watch({ ...selected, timeoutSeconds: '1', accept: 'ENCODING_TABLE' });
    const tables: unknown[] = [];
    for await (const batch of watch as AsyncIterable<WatchBatch>)
      for (const event of batch.events) tables.push(JSON.parse(event.json));
    expect(tables).toMatchObject([{ kind: 'Table', rows: [{ cells: ['tabled', 1, expect.any(String)] }] }]);
  });

  it('tells what is served to all who show who they are', async () => {
    const jane = unaryClient('Resources', await at.issue('jane'));
    const { json = '' } = (await jane('Discover', {})) as ObjectMessage;
    const { apiVersion, kind, items } = JSON.parse(json);
    expect({ apiVersion, kind }).toEqual({ apiVersion: 'apidiscovery.k8s.io/v2', kind: 'APIGroupDiscoveryList' });
    expect(items[0].versions[0].resources).toContainEqual(
      expect.objectContaining({ resource: 'configmaps', scope: 'Namespaced', shortNames: ['cm'] }),
    );
    expect(items.map((item: { metadata: { name?: string } }) => item.metadata.name)).toContain('apps');
    const nobody = unaryClient('Resources', undefined);
    await expect(nobody('Discover', {})).rejects.toSatisfy((error) => isReason(error, 'Unauthorized'));
  });
});

describe('Nodes', () => {
  const token = { id: 'abcdef', secret: '0123456789abcdef' };
  const data = {
    'token-id': token.id,
    'token-secret': token.secret,
    'usage-bootstrap-authentication': 'true',
    expiration: '2100-01-01T00:00:00Z',
  };
  const join = async (as: string, nodeName: string, commonName: string, organization = 'system:nodes') => {
    const { csrPem, keyPem } = await createRequest({ commonName, organizations: [organization] });
    const response = (await unaryClient('Nodes', undefined)('Join', { token: as, nodeName, csrPem })) as JoinResponse;
    return { certificatePem: response.certificatePem, keyPem };
  };

  beforeAll(async () => {
    await at.create('/api/v1/namespaces/kube-system/secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `bootstrap-token-${token.id}` },
      type: 'bootstrap.kubernetes.io/token',
      stringData: data,
    });
  });

  it('take a machine with a good token, and let it renew', async () => {
    const node = await join('abcdef.0123456789abcdef', 'n1', 'system:node:n1');
    const certificate = new X509Certificate(node.certificatePem);
    expect(certificate.subject).toBe('O=system:nodes\nCN=system:node:n1');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    const call = unaryClient('Nodes', node);
    const { csrPem } = await createRequest({ commonName: 'system:node:n1', organizations: ['system:nodes'] });
    const renewed = (await call('Renew', { csrPem })) as JoinResponse;
    expect(new X509Certificate(renewed.certificatePem).subject).toBe(certificate.subject);
    const other = await createRequest({ commonName: 'system:node:n2', organizations: ['system:nodes'] });
    await expect(call('Renew', { csrPem: other.csrPem })).rejects.toSatisfy((error) => isReason(error, 'BadRequest'));
    const admin = await createRequest({ commonName: 'system:node:n1', organizations: ['system:masters'] });
    await expect(call('Renew', { csrPem: admin.csrPem })).rejects.toSatisfy((error) => isReason(error, 'BadRequest'));
  });

  it.each<[string, string, string, string, string, string]>([
    ['an unknown token', 'zzzzzz.0123456789abcdef', 'n1', 'system:node:n1', 'system:nodes', 'Unauthorized'],
    ['a wrong secret', 'abcdef.0123456789abcdee', 'n1', 'system:node:n1', 'system:nodes', 'Unauthorized'],
    ['no token', '', 'n1', 'system:node:n1', 'system:nodes', 'Unauthorized'],
    ['another name in the request', 'abcdef.0123456789abcdef', 'n1', 'system:node:n2', 'system:nodes', 'BadRequest'],
    ['another group in the request', 'abcdef.0123456789abcdef', 'n1', 'system:node:n1', 'system:masters', 'BadRequest'],
    ['a name that no node can have', 'abcdef.0123456789abcdef', 'N_1', 'system:node:N_1', 'system:nodes', 'BadRequest'],
  ])('refuse %s', async (_, as, name, commonName, organization, reason) => {
    await expect(join(as, name, commonName, organization)).rejects.toSatisfy(
      (error) => (error as { reason?: string }).reason === reason,
    );
  });

  it('H-223 refuse a link in another node’s name, and a link of no node', async () => {
    const node = await at.issue('system:node:real', ['system:nodes']);
    expect(await linkAgent(at, node, 'other', async () => {}).closed).toBe(code.PERMISSION_DENIED);
    expect(await linkAgent(at, at.admin, 'real', async () => {}).closed).toBe(code.PERMISSION_DENIED);
  });

  it('keep only the newest link of a node', async () => {
    const node = await at.issue('system:node:twice', ['system:nodes']);
    const first = linkAgent(at, node, 'twice', async () => {});
    await linked(at, 'twice');
    const second = linkAgent(at, node, 'twice', async () => {});
    expect(await first.closed).toBe(0);
    second.close();
  });
});

describe('Pods', () => {
  type Pods = {
    Logs(request: object): ClientReadableStream<LogChunk>;
    Exec(): ClientDuplexStream<ExecInput, ExecOutput>;
  };
  let pods: Pods;
  let uid: string;

  beforeAll(async () => {
    pods = at.grpc<Pods>(clients.Pods, at.admin);
    uid = await runningPod(at, 'p', 'node-a');
    await runningPod(at, 'two', 'node-a', ['a', 'b']);
    await runningPod(at, 'away', 'node-b');
    const node = await at.issue('system:node:node-a', ['system:nodes']);
    linkAgent(at, node, 'node-a', async (conversation) => {
      const { open } = conversation;
      if (open.logs !== undefined) {
        for (let i = 0; i < 40; i++) await conversation.out('CHANNEL_STDOUT', 'x'.repeat(32 * 1024));
        conversation.end();
      } else if (open.exec?.command[0] === 'cat') {
        for await (const piece of conversation.input) await conversation.out('CHANNEL_STDOUT', piece);
        await conversation.out('CHANNEL_STDERR', `${conversation.sizes.length} sizes`);
        conversation.end({ exitCode: 7 });
      } else
        conversation.end({
          statusJson: JSON.stringify({ reason: 'BadRequest', code: 400, message: 'no such command' }),
        });
    });
    await linked(at, 'node-a');
  });

  const collect = async (request: object): Promise<string> => {
    let text = '';
    try {
      for await (const chunk of pods.Logs(request) as AsyncIterable<LogChunk>) text += chunk.data.toString();
    } catch (error) {
      throw fromGrpcFailure(error);
    }
    return text;
  };

  it('stream a log longer than any window', async () => {
    expect((await collect({ namespace: 'default', pod: 'p' })).length).toBe(40 * 32 * 1024);
  });

  it.each<[string, object, string]>([
    ['which of two containers', { pod: 'two' }, 'a container name must be specified for pod two, choose one of: [a b]'],
    ['a container that is not there', { pod: 'p', container: 'z' }, 'container z is not valid for pod p'],
    ['a pod that is not there', { pod: 'nope' }, 'pods "nope" not found'],
    ['a node that is not linked', { pod: 'away' }, 'node "node-b" has no connection to this API server'],
    [
      'tailLines below zero',
      { pod: 'p', tailLines: '-1' },
      'tailLines: Invalid value: -1: must be greater than or equal to 0',
    ],
    [
      'a previous run that was not',
      { pod: 'p', previous: true },
      'previous terminated container "c" in pod "p" not found',
    ],
  ])('ask %s', async (_, request, message) => {
    await expect(collect({ namespace: 'default', ...request })).rejects.toThrow(message);
  });

  it('say that a container waits', async () => {
    await runningPod(at, 'waits', 'node-a');
    await setStatus(at, 'waits', {
      containerStatuses: [
        {
          name: 'c',
          state: { waiting: { reason: 'ContainerCreating' } },
          image: '',
          imageID: '',
          ready: false,
          restartCount: 0,
        },
      ],
    });
    await expect(collect({ namespace: 'default', pod: 'waits' })).rejects.toThrow(
      'container "c" in pod "waits" is waiting to start: ContainerCreating',
    );
  });

  const exec = async (
    command: string[],
    inputs: ExecInput[],
  ): Promise<{ stdout: number; stderr: string; exitCode: number | undefined }> => {
    const call = pods.Exec();
    const open = {
      namespace: 'default',
      pod: 'p',
      container: '',
      command,
      stdin: true,
      stdout: true,
      stderr: true,
      tty: false,
    };
    for (const input of [{ open }, ...inputs]) call.write(input);
    let [stdout, stderr, exitCode]: [number, string, number | undefined] = [0, '', undefined];
    try {
      for await (const output of call as AsyncIterable<ExecOutput>) {
        stdout += output.stdout?.length ?? 0;
        stderr += output.stderr?.toString() ?? '';
        exitCode = output.exitCode ?? exitCode;
      }
    } catch (error) {
      throw fromGrpcFailure(error);
    }
    return { stdout, stderr, exitCode };
  };

  it('run a command with input, sizes and an exit code', async () => {
    const big = Buffer.alloc(1024 * 1024, 'y');
    const inputs = [{ resize: { columns: 80, rows: 24 } }, { stdin: big }, { stdinClosed: true }];
    expect(await exec(['cat'], inputs)).toEqual({ stdout: big.length, stderr: '1 sizes', exitCode: 7 });
    expect(uid).not.toBe('');
  });

  it('pass on why a command could not run', async () => {
    await expect(exec(['nope'], [])).rejects.toSatisfy(
      (error) => isReason(error, 'BadRequest') && error.message === 'no such command',
    );
  });

  it('tell the node when the caller hangs up', async () => {
    const node = await at.issue('system:node:node-c', ['system:nodes']);
    const [opened, given] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await runningPod(at, 'hang', 'node-c');
    linkAgent(at, node, 'node-c', async (conversation) => {
      opened.resolve();
      await conversation.canceled;
      given.resolve();
    });
    await linked(at, 'node-c');
    const call = pods.Logs({ namespace: 'default', pod: 'hang', follow: true });
    call.on('error', () => {});
    await opened.promise;
    call.cancel();
    await given.promise;
  });

  it('end when the node’s link breaks', async () => {
    const node = await at.issue('system:node:node-d', ['system:nodes']);
    await runningPod(at, 'break', 'node-d');
    const agent = linkAgent(at, node, 'node-d', async (conversation) => {
      await conversation.out('CHANNEL_STDOUT', 'hello');
      agent.close();
    });
    await linked(at, 'node-d');
    await expect(collect({ namespace: 'default', pod: 'break', follow: true })).rejects.toSatisfy((error) =>
      isReason(error, 'ServiceUnavailable'),
    );
  });
});

describe('the side services', () => {
  it('answer health to who shows who they are', async () => {
    const service = await healthService();
    const client = at.grpc<{ Check(request: object, done: (error: unknown, value: unknown) => void): void }>(
      service,
      at.admin,
    );
    const check = promisify(client.Check.bind(client));
    expect(await check({ service: 'skiff.v1.Resources' })).toEqual({ status: 'SERVING' });
  });

  it('are closed to strangers', async () => {
    const service = await healthService();
    const client = at.grpc<{ Check(request: object, done: (error: unknown, value: unknown) => void): void }>(
      service,
      undefined,
    );
    const check = promisify(client.Check.bind(client));
    await expect(check({ service: '' })).rejects.toMatchObject({ code: code.UNAUTHENTICATED });
  });
});

/** grpc.health.v1.Health from the package's own proto. */
async function healthService() {
  const { loadSync } = await import('@grpc/proto-loader');
  const { protoPath } = await import('grpc-health-check');
  const loaded = loadPackageDefinition(loadSync(protoPath, { enums: String, defaults: true })) as unknown as {
    grpc: { health: { v1: { Health: (typeof clients)['Nodes'] } } };
  };
  return loaded.grpc.health.v1.Health;
}
