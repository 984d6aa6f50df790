import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRequest } from '../../pki/authority.ts';
import { deployment, pod } from '../fixtures.ts';
import { uidOf } from '../meta.ts';
import {
  type Caller,
  createMemoryRegistry,
  type MemoryRegistry,
  statusOf,
  target,
  testContext,
  writeOptions,
} from '../testing.ts';

let memory: MemoryRegistry;
let call: Caller;
beforeEach(async () => {
  memory = await createMemoryRegistry();
  call = memory.call;
});
afterEach(() => memory.close());

describe('scale', () => {
  beforeEach(() =>
    call.create('apps/v1/deployments', 'default', {
      ...deployment('web', { replicas: 2 }),
      metadata: { name: 'web', labels: { a: 'b' } },
    }),
  );

  test('shows the replicas, and the selector as a text', async () => {
    const scale = await call.get('apps/v1/deployments/scale', 'default', 'web');
    const made = await call.get('apps/v1/deployments', 'default', 'web');
    expect(scale).toEqual({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: {
        name: 'web',
        namespace: 'default',
        uid: uidOf(made),
        resourceVersion: (made.metadata as JsonObject).resourceVersion,
        creationTimestamp: '2026-01-02T03:04:05Z',
      },
      spec: { replicas: 2 },
      status: { replicas: 0, selector: 'app=web' },
    });
  });

  test('sets them, conditionally and by patch', async () => {
    const scale = await call.get('apps/v1/deployments/scale', 'default', 'web');
    const updated = await call.update('apps/v1/deployments/scale', 'default', 'web', {
      ...scale,
      spec: { replicas: 5 },
    });
    expect(updated.spec).toEqual({ replicas: 5 });
    expect(await call.get('apps/v1/deployments', 'default', 'web')).toMatchObject({
      metadata: { generation: 2, labels: { a: 'b' } },
      spec: { replicas: 5 },
    });
    const stale = call.update('apps/v1/deployments/scale', 'default', 'web', { ...scale, spec: { replicas: 6 } });
    expect(await statusOf(stale)).toMatchObject({ code: 409 });
    const patched = await call.patch('apps/v1/deployments/scale', 'default', 'web', 'merge', { spec: { replicas: 0 } });
    expect(patched.spec).toEqual({});
    expect((await call.get('apps/v1/deployments', 'default', 'web')).spec).toMatchObject({ replicas: 0 });
  });

  test('never below zero', async () => {
    const refused = call.patch('apps/v1/deployments/scale', 'default', 'web', 'merge', { spec: { replicas: -1 } });
    expect(await statusOf(refused)).toMatchObject({
      code: 422,
      message:
        'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    });
  });
});

describe('binding', () => {
  const bind = async (name: string, node: string, metadata: JsonObject = {}) => {
    const document = { metadata: { name, ...metadata }, target: { kind: 'Node', name: node } };
    const answer = await memory.registry.create(
      testContext(),
      target('pods/binding', 'default', name),
      { document, duplicates: [] },
      writeOptions(),
    );
    return JSON.parse(answer.text);
  };

  test('gives the pod its node once', async () => {
    await call.create('pods', 'default', pod('p'));
    expect(await bind('p', 'n1', { annotations: { a: 'b' } })).toMatchObject({ status: 'Success', code: 201 });
    expect(await call.get('pods', 'default', 'p')).toMatchObject({
      metadata: { annotations: { a: 'b' } },
      spec: { nodeName: 'n1' },
      status: {
        conditions: [
          { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: '2026-01-02T03:04:05Z' },
        ],
      },
    });
    expect(await statusOf(bind('p', 'n2'))).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"',
    });
  });

  test('the collection of old does the same', async () => {
    await call.create('pods', 'default', pod('p'));
    await call.create('bindings', 'default', { metadata: { name: 'p' }, target: { name: 'n1' } });
    expect((await call.get('pods', 'default', 'p')).spec).toMatchObject({ nodeName: 'n1' });
  });

  test('refuses pods that are going, gated, absent, or another', async () => {
    await call.create('pods', 'default', { ...pod('p'), metadata: { name: 'p', finalizers: ['x.io/y'] } });
    await call.remove('pods', 'default', 'p');
    expect(await statusOf(bind('p', 'n'))).toMatchObject({
      code: 409,
      message: expect.stringContaining('pod p is being deleted, cannot be assigned to a host'),
    });
    await call.create('pods', 'default', pod('g', { schedulingGates: [{ name: 'x.io/g' }] }));
    expect(await statusOf(bind('g', 'n'))).toMatchObject({
      code: 409,
      message: expect.stringContaining('pod g has non-empty .spec.schedulingGates'),
    });
    expect(await statusOf(bind('ghost', 'n'))).toMatchObject({ code: 404, message: 'pods "ghost" not found' });
    await call.create('pods', 'default', pod('q'));
    expect(await statusOf(bind('q', 'n', { uid: 'old' }))).toMatchObject({
      code: 409,
      message: expect.stringContaining('Precondition failed: UID in precondition: old'),
    });
    expect(await statusOf(bind('q', ''))).toMatchObject({
      code: 422,
      message: 'Binding "q" is invalid: target.name: Required value',
    });
  });

  test('of many schedulers one wins', async () => {
    await call.create('pods', 'default', pod('p'));
    const results = await Promise.allSettled(['a', 'b', 'c', 'd'].map((node) => bind('p', node)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  });
});

describe('eviction', () => {
  const running = async (name: string, ready = true): Promise<void> => {
    await call.create('pods', 'default', {
      ...pod(name, { nodeName: 'n' }),
      metadata: { name, labels: { app: 'web' } },
    });
    const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
    await call.patch('pods/status', 'default', name, 'merge', { status: { phase: 'Running', conditions } });
  };
  const budget = async (name: string, status: JsonObject): Promise<void> => {
    await call.create('policy/v1/poddisruptionbudgets', 'default', {
      metadata: { name },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
    });
    await call.patch('policy/v1/poddisruptionbudgets/status', 'default', name, 'merge', { status });
  };
  const evict = (name: string, body: JsonObject = { metadata: { name } }) =>
    memory.registry.create(
      testContext(),
      target('pods/eviction', 'default', name),
      { document: body, duplicates: [] },
      writeOptions(),
    );
  const enough = {
    observedGeneration: 1,
    disruptionsAllowed: 1,
    currentHealthy: 2,
    desiredHealthy: 1,
    expectedPods: 2,
  };

  test('without a budget it is a delete', async () => {
    await running('p');
    await evict('p', { metadata: { name: 'p' }, deleteOptions: { gracePeriodSeconds: 3 } });
    expect((await call.get('pods', 'default', 'p')).metadata).toMatchObject({ deletionGracePeriodSeconds: 3 });
  });

  test('is taken as old clients write it, and in no other version', async () => {
    await running('p');
    const written = (apiVersion: string) => evict('p', { apiVersion, kind: 'Eviction', metadata: { name: 'p' } });
    expect(await statusOf(written('policy/v2'))).toMatchObject({ code: 400 });
    expect(JSON.parse((await written('policy/v1beta1')).text)).toMatchObject({ status: 'Success' });
  });

  test('spends the budget and then is refused', async () => {
    await running('p');
    await running('q');
    await budget('b', enough);
    await evict('p');
    expect((await call.get('policy/v1/poddisruptionbudgets', 'default', 'b')).status).toMatchObject({
      disruptionsAllowed: 0,
      disruptedPods: { p: '2026-01-02T03:04:05Z' },
    });
    expect(await statusOf(evict('q'))).toMatchObject({
      code: 429,
      reason: 'TooManyRequests',
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: {
        causes: [
          {
            reason: 'DisruptionBudget',
            message: 'The disruption budget b needs 1 healthy pods and has 2 currently',
          },
        ],
      },
    });
  });

  test('a budget its controller has not seen yet refuses for now', async () => {
    await running('p');
    await budget('b', { ...enough, observedGeneration: 0 });
    expect(await statusOf(evict('p'))).toMatchObject({
      code: 429,
      details: {
        retryAfterSeconds: 10,
        causes: [{ message: 'The disruption budget b is still being processed by the server.' }],
      },
    });
  });

  test('two budgets are one too many', async () => {
    await running('p');
    await budget('a', enough);
    await budget('b', enough);
    expect(await statusOf(evict('p'))).toMatchObject({ code: 500 });
  });

  test('pending pods and unready pods of a healthy set cost nothing', async () => {
    await budget('b', { ...enough, disruptionsAllowed: 0 });
    await running('p', false);
    await evict('p');
    expect((await call.get('pods', 'default', 'p')).metadata).toHaveProperty('deletionTimestamp');
    await call.create('pods', 'default', { ...pod('q'), metadata: { name: 'q', labels: { app: 'web' } } });
    await evict('q');
    expect(await statusOf(call.get('pods', 'default', 'q'))).toMatchObject({ code: 404 });
  });

  test('the body must name the pod of the path', async () => {
    await running('p');
    expect(await statusOf(evict('p', { metadata: { name: 'other' } }))).toMatchObject({
      code: 400,
      message: 'name in URL does not match name in Eviction object',
    });
  });
});

describe('other subresources', () => {
  test('ephemeral containers are added and nothing else changes', async () => {
    await call.create('pods', 'default', pod('p', { nodeName: 'n' }));
    const debug = { name: 'debug', image: 'x:1', targetContainerName: 'main' };
    const patched = await call.patch('pods/ephemeralcontainers', 'default', 'p', 'strategic', {
      metadata: { labels: { sneaked: 'in' } },
      spec: { ephemeralContainers: [debug], priority: 7 },
    });
    expect(patched.spec).toMatchObject({ ephemeralContainers: [debug], priority: 0 });
    expect(patched.metadata).not.toHaveProperty('labels');
  });

  test('a token is minted by whoever holds the key, and refused without one', async () => {
    const request = { spec: { audiences: ['x'] } };
    const ask = (registry: MemoryRegistry) =>
      registry.registry.create(
        testContext(),
        target('serviceaccounts/token', 'default', 'default'),
        { document: structuredClone(request), duplicates: [] },
        writeOptions(),
      );
    expect(await statusOf(ask(memory))).toMatchObject({ code: 503 });
    const minting = await createMemoryRegistry({
      tokens: {
        issue: async (_context, account, asked) => ({ ...asked, status: { token: `of ${uidOf(account)}` } }),
      },
    });
    const account = await minting.call.get('serviceaccounts', 'default', 'default');
    expect(JSON.parse((await ask(minting)).text)).toMatchObject({
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name: 'default', namespace: 'default' },
      status: { token: `of ${uidOf(account)}` },
    });
    await minting.close();
  });

  test('a certificate request says who asked, is approved by one way and signed by another', async () => {
    const csr = 'certificates.k8s.io/v1/certificatesigningrequests';
    const { csrPem } = await createRequest({ commonName: 'a', organizations: [] });
    const made = await call.create(csr, '', {
      metadata: { name: 'c' },
      spec: {
        request: Buffer.from(csrPem).toString('base64'),
        signerName: 'x.io/s',
        usages: ['client auth'],
        username: 'somebody',
      },
    });
    expect(made.spec).toMatchObject({ username: 'admin', groups: ['system:masters', 'system:authenticated'] });
    const approved = { type: 'Approved', status: 'True', reason: 'Yes', message: '' };
    await expect(call.patch(`${csr}/status`, '', 'c', 'merge', { status: { conditions: [approved] } })).rejects.toThrow(
      'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
    );
    expect((await call.get(csr, '', 'c')).status).toEqual({});
    const after = await call.patch(`${csr}/approval`, '', 'c', 'merge', {
      status: { conditions: [approved], certificate: 'c25lYWt5' },
    });
    expect(after.status).toMatchObject({
      conditions: [{ type: 'Approved', status: 'True', lastUpdateTime: '2026-01-02T03:04:05Z' }],
    });
    expect(after.status).not.toHaveProperty('certificate');
    const noted = await call.patch(`${csr}/status`, '', 'c', 'merge', { metadata: { annotations: { by: 'signer' } } });
    expect(noted.metadata).toMatchObject({ annotations: { by: 'signer' } });
  });
});
