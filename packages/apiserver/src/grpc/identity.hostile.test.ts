/** H-222, H-223: components that call what is another's, over gRPC. */
import type { ClientDuplexStream, ClientReadableStream } from '@grpc/grpc-js';
import { status as code, type ServiceError } from '@grpc/grpc-js';
import type { Target } from '@skiff/api/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectUnharmed } from '../http/testing/invariants.ts';
import { startTestServer, type TestServer } from '../http/testing/server.ts';
import type { KeyPair } from '../pki/authority.ts';
import { linkAgent } from './testing/agent.ts';
import { clients } from './testing/clients.ts';
import { runningPod } from './testing/pods.ts';

type Caller = 'nobody' | 'stranger' | 'agent' | 'scheduler' | 'controller';
const known = ['agent', 'scheduler', 'controller'] as const;

let at: TestServer;
const certificates = new Map<Caller, KeyPair | undefined>();
beforeAll(async () => {
  at = await startTestServer();
  certificates.set('nobody', undefined);
  certificates.set('stranger', await at.issue('jane'));
  certificates.set('agent', await at.issue('system:node:a', ['system:nodes']));
  certificates.set('scheduler', await at.issue('system:kube-scheduler'));
  certificates.set('controller', await at.issue('system:kube-controller-manager'));
  for (const name of ['a', 'b'])
    await at.create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name } });
  await runningPod(at, 'on-a', 'a');
  await runningPod(at, 'on-b', 'b');
  await at.create('/api/v1/namespaces/default/secrets', { metadata: { name: 's' } });
});
afterAll(() => at.close());
expectUnharmed(() => at);

const clientOf = (service: keyof typeof clients, as: Caller) =>
  at.grpc<Record<string, (...args: unknown[]) => unknown>>(clients[service], certificates.get(as));

/** The code of one call of Resources, Nodes or Pods with one request. */
async function unary(as: Caller, service: keyof typeof clients, method: string, request: object): Promise<number> {
  const client = clientOf(service, as);
  const ended = Promise.withResolvers<number>();
  const done = (error: ServiceError | null): void => ended.resolve(error?.code ?? code.OK);
  (client[method] as (request: object, done: (error: ServiceError | null) => void) => void).call(client, request, done);
  return ended.promise.finally(() => (client.close as () => void).call(client));
}

/** The code that a stream ends with. */
async function stream(as: Caller, service: keyof typeof clients, method: string, first: object): Promise<number> {
  const client = clientOf(service, as);
  const isDuplex = method !== 'Logs' && method !== 'Watch';
  const call = (client[method] as (...args: object[]) => object).call(client, ...(isDuplex ? [] : [first]));
  const from = call as ClientReadableStream<unknown>;
  if (isDuplex) (call as ClientDuplexStream<object, unknown>).write(first);
  const ended = Promise.withResolvers<number>();
  from.on('error', (error: ServiceError) => ended.resolve(error.code));
  from.on('end', () => ended.resolve(code.OK));
  from.resume();
  return ended.promise.finally(() => (client.close as () => void).call(client));
}

const of = (path: string): Target => {
  const [group = '', resource = '', namespace = '', name = '', subresource = ''] = path.split('/');
  return { group, version: 'v1', resource, namespace, name, subresource };
};
const json = (object: object) => ({ object: { json: JSON.stringify(object) } });
const merge = (object: object) => ({ type: 'PATCH_TYPE_MERGE', patch: JSON.stringify(object) });

type Ask = readonly [what: string, method: string, request: object];

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'new' },
  spec: { containers: [{ name: 'c', image: 'i' }] },
};
const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'on-b' }, target: { kind: 'Node', name: 'a' } };
const everybodys: readonly Ask[] = [
  ['reads a secret', 'Get', { target: of('/secrets/default/s') }],
  ['lists pods', 'List', { target: of('/pods') }],
  ['makes a pod', 'Create', { target: of('/pods/default'), ...json(pod) }],
  ['binds a pod', 'Create', { target: of('/pods/default/on-b/binding'), ...json(binding) }],
  ['patches a status', 'Patch', { target: of('/pods/default/on-b/status'), ...merge({ status: { phase: 'Failed' } }) }],
  ['deletes a node', 'Delete', { target: of('/nodes//b') }],
  ['deletes all pods', 'DeleteCollection', { target: of('/pods/default') }],
];
const onA = { namespace: 'default', pod: 'on-a' };
const streams: readonly (readonly [keyof typeof clients, string, object])[] = [
  ['Pods', 'Logs', onA],
  ['Pods', 'Exec', { open: { ...onA, command: ['id'], stdout: true } }],
  ['Pods', 'Attach', { open: { ...onA, stdout: true } }],
  ['Pods', 'PortForward', { open: { ...onA, port: 80 } }],
];

describe('H-222', () => {
  it.each(everybodys)(
    'who shows no certificate and %s is UNAUTHENTICATED, who is nobody here PERMISSION_DENIED',
    async (_, method, request) => {
      expect(await unary('nobody', 'Resources', method, request)).toBe(code.UNAUTHENTICATED);
      expect(await unary('stranger', 'Resources', method, request)).toBe(code.PERMISSION_DENIED);
    },
  );

  it.each(streams)('%s.%s is open to neither', async (service, method, first) => {
    expect(await stream('nobody', service, method, first)).toBe(code.UNAUTHENTICATED);
    for (const as of ['stranger', 'agent', 'scheduler'] as const)
      expect(await stream(as, service, method, first), as).toBe(code.PERMISSION_DENIED);
  });

  it.each<readonly [...Ask, readonly Caller[]]>([
    ['binding a pod', 'Create', { target: of('/pods/default/on-b/binding'), ...json(binding) }, ['agent']],
    ['making a pod', 'Create', { target: of('/pods/default'), ...json(pod) }, ['agent', 'scheduler']],
    [
      'changing a pod',
      'Patch',
      { target: of('/pods/default/on-a'), ...merge({ metadata: { labels: { x: 'y' } } }) },
      ['agent', 'scheduler'],
    ],
    [
      'scaling',
      'Patch',
      { target: of('apps/deployments/default/d/scale'), ...merge({ spec: { replicas: 9 } }) },
      ['agent', 'scheduler'],
    ],
    [
      'making endpoints',
      'Create',
      {
        target: of('discovery.k8s.io/endpointslices/default'),
        ...json({ metadata: { name: 'e' }, addressType: 'IPv4' }),
      },
      ['agent', 'scheduler'],
    ],
    ['reading a secret', 'Get', { target: of('/secrets/default/s') }, ['agent', 'scheduler']],
    [
      'taking the scheduler’s lease',
      'Patch',
      {
        target: of('coordination.k8s.io/leases/kube-system/kube-scheduler'),
        ...merge({ spec: { holderIdentity: 'me' } }),
      },
      ['agent'],
    ],
    [
      'making a node',
      'Create',
      { target: of('/nodes'), ...json({ metadata: { name: 'c' } }) },
      ['agent', 'scheduler', 'controller'],
    ],
    [
      'a node’s status',
      'Patch',
      { target: of('/nodes//b/status'), ...merge({ status: { phase: 'x' } }) },
      ['agent', 'scheduler'],
    ],
    [
      'making a role',
      'Create',
      { target: of('rbac.authorization.k8s.io/clusterroles'), ...json({ metadata: { name: 'r' }, rules: [] }) },
      known,
    ],
  ])('%s is PERMISSION_DENIED to whom it is not for', async (_, method, request, callers) => {
    for (const as of callers) expect(await unary(as, 'Resources', method, request), as).toBe(code.PERMISSION_DENIED);
  });

  it('an agent’s own methods are PERMISSION_DENIED to every other', async () => {
    for (const as of ['stranger', 'scheduler', 'controller'] as const) {
      expect(await linkAgent(at, certificates.get(as) as KeyPair, 'a', async () => {}).closed, as).toBe(
        code.PERMISSION_DENIED,
      );
      expect(await unary(as, 'Nodes', 'Renew', { csrPem: '' }), as).toBe(code.PERMISSION_DENIED);
    }
    expect(await stream('nobody', 'Nodes', 'Link', { stream: 0, hello: { nodeName: 'a', agentVersion: '' } })).toBe(
      code.UNAUTHENTICATED,
    );
    expect(await unary('nobody', 'Nodes', 'Renew', { csrPem: '' })).toBe(code.UNAUTHENTICATED);
    expect(
      await unary('nobody', 'Nodes', 'Join', { nodeName: 'a', token: 'abcdef.0123456789abcdef', csrPem: '' }),
    ).toBe(code.UNAUTHENTICATED);
  });
});

describe('H-223', () => {
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'b' } };
  const csiNode = (name: string) => ({
    ...{ apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: { name }, spec: { drivers: [] } },
  });
  const eviction = (name: string) => ({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } });

  it('agent a links as nobody but a', async () => {
    expect(await linkAgent(at, certificates.get('agent') as KeyPair, 'b', async () => {}).closed).toBe(
      code.PERMISSION_DENIED,
    );
  });

  it.each<Ask>([
    ['node b', 'Patch', { target: of('/nodes//b'), ...merge({ metadata: { labels: { x: 'y' } } }) }],
    ['the status of node b', 'Patch', { target: of('/nodes//b/status'), ...merge({ status: { phase: 'x' } }) }],
    ['a node of another name', 'Create', { target: of('/nodes'), ...json({ metadata: { name: 'b2' } }) }],
    ['the end of node b', 'Delete', { target: of('/nodes//b') }],
    ['the lease of node b', 'Create', { target: of('coordination.k8s.io/leases/kube-node-lease'), ...json(lease) }],
    ['the CSINode of node b', 'Create', { target: of('storage.k8s.io/csinodes'), ...json(csiNode('b')) }],
    ['the end of the CSINode of node b', 'Delete', { target: of('storage.k8s.io/csinodes//b') }],
    [
      'that node b lives',
      'Patch',
      { target: of('coordination.k8s.io/leases/kube-node-lease/b'), ...merge({ spec: { holderIdentity: 'b' } }) },
    ],
    [
      'the status of a pod on b',
      'Patch',
      { target: of('/pods/default/on-b/status'), ...merge({ status: { phase: 'Failed' } }) },
    ],
    ['the end of a pod on b', 'Delete', { target: of('/pods/default/on-b') }],
    ['the eviction of a pod on b', 'Create', { target: of('/pods/default/on-b/eviction'), ...json(eviction('on-b')) }],
    [
      'labels through its own pod’s status',
      'Patch',
      { target: of('/pods/default/on-a/status'), ...merge({ metadata: { labels: { x: 'y' } } }) },
    ],
    [
      'taints of its own',
      'Patch',
      { target: of('/nodes//a'), ...merge({ spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }) },
    ],
  ])('agent a reports %s: PERMISSION_DENIED', async (_, method, request) => {
    expect(await unary('agent', 'Resources', method, request)).toBe(code.PERMISSION_DENIED);
  });

  it.each<Ask>([
    [
      'the status of its node',
      'Patch',
      { target: of('/nodes//a/status'), ...merge({ status: { nodeInfo: { machineID: 'm' } } }) },
    ],
    [
      'the status of its pod',
      'Patch',
      { target: of('/pods/default/on-a/status'), ...merge({ status: { message: 'well' } }) },
    ],
    ['its CSINode', 'Create', { target: of('storage.k8s.io/csinodes'), ...json(csiNode('a')) }],
  ])('agent a reports %s: OK', async (_, method, request) => {
    expect(await unary('agent', 'Resources', method, request)).toBe(code.OK);
  });

  it('agent a has tokens of its own pods alone', async () => {
    const uidOf = async (name: string): Promise<string> =>
      JSON.parse((await at.request(`/api/v1/namespaces/default/pods/${name}`)).text).metadata.uid;
    const [onA, onB] = [await uidOf('on-a'), await uidOf('on-b')];
    const ask = (boundObjectRef?: object): Promise<number> =>
      unary('agent', 'Resources', 'Create', {
        target: of('/serviceaccounts/default/default/token'),
        ...json({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { boundObjectRef } }),
      });
    const pod = { apiVersion: 'v1', kind: 'Pod' };
    expect(await ask({ ...pod, name: 'on-a', uid: onA })).toBe(code.OK);
    for (const bound of [
      undefined,
      { ...pod, name: 'on-b', uid: onB },
      { ...pod, name: 'on-a', uid: onB },
      { ...pod, name: 'on-a' },
      { apiVersion: 'v1', kind: 'Secret', name: 's', uid: 'u' },
      { apiVersion: 'apps/v1', kind: 'Pod', name: 'on-a', uid: onA },
    ])
      expect(await ask(bound), JSON.stringify(bound)).toBe(code.PERMISSION_DENIED);
    expect(await ask({ ...pod, name: 'none', uid: onA })).toBe(code.NOT_FOUND);
  });
});
