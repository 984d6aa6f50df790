import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configMap, deployment, pod } from './fixtures.ts';
import { resourceVersionOf, uidOf } from './meta.ts';
import {
  type Caller,
  createMemoryRegistry,
  deleteOptions,
  listOptions,
  type MemoryRegistry,
  statusOf,
  target,
  testContext,
} from './testing.ts';

let memory: MemoryRegistry;
let call: Caller;
beforeEach(async () => {
  memory = await createMemoryRegistry();
  call = memory.call;
});
afterEach(() => memory.close());

const isGone = async (of: string, name: string): Promise<boolean> =>
  (await statusOf(call.get(of, 'default', name)).catch(() => undefined))?.code === 404;

const scheduled = (name: string, spec: JsonObject = {}): Promise<JsonObject> =>
  call.create('pods', 'default', pod(name, { nodeName: 'n1', ...spec }));

describe('delete', () => {
  test('removes at once and answers with a Status', async () => {
    const made = await call.create('configmaps', 'default', configMap('c'));
    expect(await call.remove('configmaps', 'default', 'c')).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'c', kind: 'configmaps', uid: uidOf(made) },
    });
    expect(await isGone('configmaps', 'c')).toBe(true);
    expect(await statusOf(call.remove('configmaps', 'default', 'c'))).toMatchObject({ code: 404 });
  });

  test('preconditions must hold', async () => {
    const made = await call.create('configmaps', 'default', configMap('c'));
    const refused = (preconditions: { uid: string | undefined; resourceVersion: string | undefined }) =>
      statusOf(call.remove('configmaps', 'default', 'c', { preconditions }));
    expect(await refused({ uid: 'other', resourceVersion: undefined })).toMatchObject({
      code: 409,
      message: `Operation cannot be fulfilled on configmaps "c": the UID in the precondition (other) does not match the UID in record (${uidOf(made)}). The object might have been deleted and then recreated`,
    });
    expect(await refused({ uid: undefined, resourceVersion: '1' })).toMatchObject({
      code: 409,
      message: expect.stringContaining('the ResourceVersion in the precondition (1) does not match'),
    });
    await call.remove('configmaps', 'default', 'c', {
      preconditions: { uid: uidOf(made), resourceVersion: resourceVersionOf(made) },
    });
    expect(await isGone('configmaps', 'c')).toBe(true);
  });

  test('a dry run removes nothing', async () => {
    await call.create('configmaps', 'default', configMap('c'));
    await call.remove('configmaps', 'default', 'c', { dryRun: true });
    expect(await isGone('configmaps', 'c')).toBe(false);
  });

  test('finalizers keep the object until the last one goes', async () => {
    await call.create('apps/v1/deployments', 'default', {
      ...deployment('web'),
      metadata: { name: 'web', finalizers: ['x.io/a', 'x.io/b'] },
    });
    const marked = await call.remove('apps/v1/deployments', 'default', 'web');
    expect(marked.metadata).toMatchObject({
      deletionTimestamp: '2026-01-02T03:04:05Z',
      deletionGracePeriodSeconds: 0,
      generation: 2,
    });
    memory.clock.step(60_000);
    expect((await call.remove('apps/v1/deployments', 'default', 'web')).metadata).toEqual(marked.metadata);
    const patch = (finalizers: string[]) =>
      call.patch('apps/v1/deployments', 'default', 'web', 'merge', { metadata: { finalizers } });
    expect(await statusOf(patch(['x.io/a', 'x.io/c']))).toMatchObject({
      code: 422,
      message: expect.stringContaining('no new finalizers can be added if the object is being deleted'),
    });
    await patch(['x.io/b']);
    expect(await isGone('apps/v1/deployments', 'web')).toBe(false);
    expect((await patch([])).metadata).toMatchObject({ name: 'web' });
    expect(await isGone('apps/v1/deployments', 'web')).toBe(true);
  });

  test.each<[string, 'Orphan' | 'Foreground' | 'Background' | undefined, string[] | undefined]>([
    ['apps/v1/deployments', 'Orphan', ['orphan']],
    ['apps/v1/deployments', 'Foreground', ['foregroundDeletion']],
    ['apps/v1/deployments', 'Background', undefined],
    ['apps/v1/deployments', undefined, undefined],
    ['batch/v1/jobs', undefined, ['orphan']],
    ['batch/v1/jobs', 'Background', undefined],
  ])('%s with policy %s gets the finalizers %s', async (of, propagationPolicy, finalizers) => {
    const job = {
      metadata: { name: 'x' },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
    };
    await call.create(of, 'default', of.includes('jobs') ? job : deployment('x'));
    await call.remove(of, 'default', 'x', { propagationPolicy });
    if (finalizers === undefined) expect(await isGone(of, 'x')).toBe(true);
    else expect((await call.get(of, 'default', 'x')).metadata).toMatchObject({ finalizers });
  });
});

describe('deleting pods', () => {
  test('a pod that no node runs goes at once', async () => {
    await call.create('pods', 'default', pod('p'));
    expect(await call.remove('pods', 'default', 'p')).toMatchObject({ kind: 'Pod', metadata: { name: 'p' } });
    expect(await isGone('pods', 'p')).toBe(true);
  });

  test('a running pod gets its grace period, and the node agent ends it', async () => {
    await scheduled('p');
    const marked = await call.remove('pods', 'default', 'p');
    expect(marked.metadata).toMatchObject({
      deletionTimestamp: '2026-01-02T03:04:35Z',
      deletionGracePeriodSeconds: 30,
    });
    expect(await isGone('pods', 'p')).toBe(false);
    await call.remove('pods', 'default', 'p', { gracePeriodSeconds: 0 });
    expect(await isGone('pods', 'p')).toBe(true);
  });

  test('the pod says how long, the request may say otherwise', async () => {
    await scheduled('p', { terminationGracePeriodSeconds: 5 });
    expect((await call.remove('pods', 'default', 'p')).metadata).toMatchObject({ deletionGracePeriodSeconds: 5 });
    await scheduled('q');
    const asked = await call.remove('pods', 'default', 'q', { gracePeriodSeconds: 600 });
    expect(asked.metadata).toMatchObject({ deletionGracePeriodSeconds: 600 });
    await scheduled('r');
    const negative = await call.remove('pods', 'default', 'r', { gracePeriodSeconds: -5 });
    expect(negative.metadata).toMatchObject({ deletionGracePeriodSeconds: 1 });
  });

  test('a second delete may shorten the time and never lengthens it', async () => {
    await scheduled('p');
    const first = await call.remove('pods', 'default', 'p', { gracePeriodSeconds: 60 });
    memory.clock.step(10_000);
    const longer = await call.remove('pods', 'default', 'p', { gracePeriodSeconds: 90 });
    expect(longer.metadata).toEqual(first.metadata);
    const shorter = await call.remove('pods', 'default', 'p', { gracePeriodSeconds: 20 });
    expect(shorter.metadata).toMatchObject({
      deletionTimestamp: '2026-01-02T03:04:25Z',
      deletionGracePeriodSeconds: 20,
    });
    memory.clock.step(60_000);
    const overdue = await call.remove('pods', 'default', 'p', { gracePeriodSeconds: 5 });
    expect(overdue.metadata).toMatchObject({
      deletionTimestamp: '2026-01-02T03:05:15Z',
      deletionGracePeriodSeconds: 1,
    });
  });

  test('a finished pod goes at once', async () => {
    await scheduled('p');
    await call.patch('pods/status', 'default', 'p', 'merge', { status: { phase: 'Succeeded' } });
    await call.remove('pods', 'default', 'p');
    expect(await isGone('pods', 'p')).toBe(true);
  });
});

describe('deleting namespaces', () => {
  test('it ends when its finalizer is taken off', async () => {
    const made = await call.create('namespaces', '', { metadata: { name: 'n' } });
    expect(made).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'n' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    const going = await call.remove('namespaces', '', 'n');
    expect(going).toMatchObject({
      status: { phase: 'Terminating' },
      metadata: { deletionTimestamp: expect.any(String) },
    });
    const finalized = await call.update('namespaces/finalize', '', 'n', { ...going, spec: { finalizers: [] } });
    expect(finalized.metadata).toMatchObject({ name: 'n' });
    expect(await statusOf(call.get('namespaces', '', 'n'))).toMatchObject({ code: 404 });
  });

  test('its finalizers change through finalize only', async () => {
    await call.create('namespaces', '', { metadata: { name: 'n' } });
    const patched = await call.patch('namespaces', '', 'n', 'merge', { spec: { finalizers: [] } });
    expect(patched.spec).toEqual({ finalizers: ['kubernetes'] });
  });

  test('default stays', async () => {
    expect(await statusOf(call.remove('namespaces', '', 'default'))).toMatchObject({
      code: 403,
      message: 'namespaces "default" is forbidden: this namespace may not be deleted',
    });
  });
});

describe('delete collection', () => {
  test('deletes what the selectors select, page by page', async () => {
    for (let index = 0; index < 12; index += 1) {
      const labels = { even: String(index % 2 === 0) };
      await call.create('configmaps', 'default', { metadata: { name: `c${index}`, labels } });
    }
    const answer = await memory.registry.deleteCollection(
      testContext(),
      target('configmaps', 'default'),
      listOptions({ labelSelector: 'even=true' }),
      deleteOptions(),
    );
    expect(answer.items).toHaveLength(6);
    expect(await call.names('configmaps', 'default')).toEqual(['c1', 'c11', 'c3', 'c5', 'c7', 'c9']);
  });

  test('is not for every kind', async () => {
    const refused = memory.registry.deleteCollection(
      testContext(),
      target('namespaces'),
      listOptions(),
      deleteOptions(),
    );
    expect(await statusOf(refused)).toMatchObject({ code: 405 });
  });
});
