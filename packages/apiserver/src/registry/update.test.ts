import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copy, objectsAt } from '../patch/values.ts';
import { configMap, deployment, pod } from './fixtures.ts';
import { metaOf, resourceVersionOf } from './meta.ts';
import {
  type Caller,
  createMemoryRegistry,
  type MemoryRegistry,
  statusOf,
  target,
  testContext,
  writeOptions,
} from './testing.ts';

let memory: MemoryRegistry;
let call: Caller;
beforeEach(async () => {
  memory = await createMemoryRegistry();
  call = memory.call;
});
afterEach(() => memory.close());

const changed = (object: JsonObject, change: (copied: JsonObject) => void): JsonObject => {
  const copied = copy(object);
  change(copied);
  return copied;
};

describe('update', () => {
  test('replaces the object and counts a changed spec', async () => {
    const made = await call.create('apps/v1/deployments', 'default', deployment('web'));
    memory.clock.step(5_000);
    const scaled = changed(made, (each) => {
      (each.spec as JsonObject).replicas = 3;
    });
    const updated = await call.update('apps/v1/deployments', 'default', 'web', scaled);
    expect(updated.spec).toMatchObject({ replicas: 3 });
    expect(updated.metadata).toMatchObject({ generation: 2, creationTimestamp: '2026-01-02T03:04:05Z' });
    expect(resourceVersionOf(updated)).not.toBe(resourceVersionOf(made));
  });

  test('an update that changes nothing writes nothing', async () => {
    const made = await call.create('apps/v1/deployments', 'default', deployment('web'));
    const before = await memory.store.revision();
    memory.clock.step(60_000);
    const reordered = Object.fromEntries(Object.entries(made).reverse());
    const updated = await call.update('apps/v1/deployments', 'default', 'web', reordered);
    expect(updated).toEqual(made);
    expect(await memory.store.revision()).toBe(before);
  });

  test('who writes the status takes nothing of the rest from those who manage it', async () => {
    const made = await call.create('apps/v1/deployments', 'default', deployment('web'));
    const managed = (object: JsonObject) =>
      objectsAt(object, 'metadata', 'managedFields').map(({ subresource = '', fieldsV1 }) => [subresource, fieldsV1]);
    const reported = changed(made, (each) => {
      (each.spec as JsonObject).replicas = 3;
      each.status = { replicas: 1 };
    });
    const updated = await call.update('apps/v1/deployments/status', 'default', 'web', reported);
    expect(updated).toMatchObject({ spec: made.spec, status: { replicas: 1 } });
    expect(managed(updated)).toEqual([...managed(made), ['status', { 'f:status': { 'f:replicas': {} } }]]);
  });

  test('a StatefulSet without a service can be written back as Go clients write it', async () => {
    const set = { ...deployment('db'), kind: 'StatefulSet' };
    const made = await call.create('apps/v1/statefulsets', 'default', set);
    expect(made.spec).toMatchObject({ serviceName: '' });
    const spec = { ...(made.spec as JsonObject), serviceName: '' };
    expect(await call.update('apps/v1/statefulsets', 'default', 'db', { ...made, spec })).toEqual(made);
  });

  test('an old resourceVersion is refused', async () => {
    const made = await call.create('configmaps', 'default', configMap('c'));
    await call.update('configmaps', 'default', 'c', { ...made, data: { a: '2' } });
    expect(await statusOf(call.update('configmaps', 'default', 'c', { ...made, data: { a: '3' } }))).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on configmaps "c": the object has been modified; please apply your changes to the latest version and try again',
      details: { name: 'c', kind: 'configmaps' },
    });
  });

  test('without a resourceVersion it is unconditional where Kubernetes allows that', async () => {
    await call.create('configmaps', 'default', configMap('c'));
    expect((await call.update('configmaps', 'default', 'c', configMap('c', { b: '2' }))).data).toEqual({ b: '2' });
    const budget = { metadata: { name: 'b' }, spec: { minAvailable: 1, selector: { matchLabels: { a: 'b' } } } };
    await call.create('policy/v1/poddisruptionbudgets', 'default', budget);
    expect(await statusOf(call.update('policy/v1/poddisruptionbudgets', 'default', 'b', budget))).toMatchObject({
      code: 422,
      message: expect.stringContaining('metadata.resourceVersion: Invalid value: 0: must be specified for an update'),
    });
  });

  test('another uid is a conflict', async () => {
    const made = await call.create('configmaps', 'default', configMap('c'));
    const other = changed(made, (each) => {
      metaOf(each).uid = 'another';
      delete metaOf(each).resourceVersion;
    });
    expect(await statusOf(call.update('configmaps', 'default', 'c', other))).toMatchObject({
      code: 409,
      message: expect.stringContaining('Precondition failed: UID in precondition: another, UID in object meta: '),
    });
    await call.remove('configmaps', 'default', 'c');
    expect(await statusOf(call.update('configmaps', 'default', 'c', other))).toMatchObject({ code: 409 });
  });

  test('status, identity and deletion marks stay as they are', async () => {
    await call.create('pods', 'default', pod('p'));
    const update = changed(await call.get('pods', 'default', 'p'), (each) => {
      each.status = { phase: 'Running' };
      metaOf(each).creationTimestamp = '2000-01-01T00:00:00Z';
      metaOf(each).generation = 99;
      metaOf(each).labels = { a: 'b' };
    });
    const updated = await call.update('pods', 'default', 'p', update);
    expect(updated.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
    expect(updated.metadata).toMatchObject({ creationTimestamp: '2026-01-02T03:04:05Z', labels: { a: 'b' } });
    expect(updated.metadata).not.toHaveProperty('generation');
  });

  test('nobody marks an object as deleted, or changes the mark, by an update', async () => {
    const made = await call.create('configmaps', 'default', configMap('c'));
    const marked = changed(made, (each) => {
      Object.assign(metaOf(each), { deletionTimestamp: '2000-01-01T00:00:00Z', deletionGracePeriodSeconds: 5 });
    });
    expect(await statusOf(call.update('configmaps', 'default', 'c', marked))).toMatchObject({
      code: 422,
      details: {
        causes: [
          {
            field: 'metadata.deletionTimestamp',
            message: 'Invalid value: 2000-01-01 00:00:00 +0000 UTC: field is immutable',
          },
          { field: 'metadata.deletionGracePeriodSeconds', message: 'Invalid value: 5: field is immutable' },
        ],
      },
    });
    const held = changed(made, (each) => {
      metaOf(each).finalizers = ['a.b/c'];
    });
    await call.update('configmaps', 'default', 'c', held);
    await call.remove('configmaps', 'default', 'c');
    const dying = await call.get('configmaps', 'default', 'c');
    const unmarked = changed(dying, (each) => {
      delete metaOf(each).deletionTimestamp;
      delete metaOf(each).deletionGracePeriodSeconds;
    });
    expect(await call.update('configmaps', 'default', 'c', unmarked)).toEqual(dying);
    const later = changed(dying, (each) => {
      Object.assign(metaOf(each), { deletionTimestamp: '2100-01-01T00:00:00Z', labels: { a: 'b' } });
    });
    expect(metaOf(await call.update('configmaps', 'default', 'c', later)).deletionTimestamp).toBe(
      metaOf(dying).deletionTimestamp,
    );
  });

  test('the name of the body must be that of the URL', async () => {
    expect(await statusOf(call.update('configmaps', 'default', 'c', configMap('d')))).toMatchObject({
      code: 400,
      message: 'the name of the object (d) does not match the name on the URL (c)',
    });
  });

  test('an absent object is not found, or created where Kubernetes does that', async () => {
    expect(await statusOf(call.update('configmaps', 'default', 'c', configMap('c')))).toMatchObject({ code: 404 });
    const lease = { metadata: { name: 'l' }, spec: { holderIdentity: 'a' } };
    const answer = await memory.registry.update(
      testContext(),
      target('coordination.k8s.io/v1/leases', 'default', 'l'),
      { document: lease, duplicates: [] },
      writeOptions(),
    );
    expect(answer.created).toBe(true);
    expect(JSON.parse(answer.text).metadata.uid).toEqual(expect.any(String));
  });

  test('a dry run changes nothing', async () => {
    const made = await call.create('configmaps', 'default', configMap('c'));
    const answer = await memory.registry.update(
      testContext(),
      target('configmaps', 'default', 'c'),
      { document: { ...copy(made), data: { a: '2' } }, duplicates: [] },
      writeOptions({ dryRun: true }),
    );
    expect(JSON.parse(answer.text).data).toEqual({ a: '2' });
    expect(await call.get('configmaps', 'default', 'c')).toEqual(made);
  });

  test('immutable objects stay', async () => {
    await call.create('configmaps', 'default', { ...configMap('c'), immutable: true });
    expect(await statusOf(call.update('configmaps', 'default', 'c', configMap('c', { b: '1' })))).toMatchObject({
      code: 422,
      reason: 'Invalid',
    });
  });

  test('updates of many at once all land, one after the other', async () => {
    await call.create('configmaps', 'default', configMap('c', {}));
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        call.patch('configmaps', 'default', 'c', 'merge', { data: { [`k${index}`]: 'x' } }),
      ),
    );
    expect(Object.keys((await call.get('configmaps', 'default', 'c')).data as JsonObject)).toHaveLength(20);
  });

  test('a deployment counts changed annotations as a generation', async () => {
    await call.create('apps/v1/deployments', 'default', deployment('web'));
    const patch = { metadata: { annotations: { a: 'b' } } };
    expect((await call.patch('apps/v1/deployments', 'default', 'web', 'merge', patch)).metadata).toMatchObject({
      generation: 2,
    });
    const labels = { metadata: { labels: { a: 'b' } } };
    expect((await call.patch('apps/v1/deployments', 'default', 'web', 'merge', labels)).metadata).toMatchObject({
      generation: 2,
    });
  });
});

describe('status', () => {
  test('changes the status only, and no generation', async () => {
    await call.create('apps/v1/deployments', 'default', deployment('web'));
    const object = changed(await call.get('apps/v1/deployments', 'default', 'web'), (each) => {
      each.status = { replicas: 1, observedGeneration: 1 };
      (each.spec as JsonObject).replicas = 9;
      metaOf(each).labels = { sneaked: 'in' };
    });
    const updated = await call.update('apps/v1/deployments/status', 'default', 'web', object);
    expect(updated.status).toEqual({ replicas: 1, observedGeneration: 1 });
    expect(updated.spec).toMatchObject({ replicas: 1 });
    expect(updated.metadata).toMatchObject({ generation: 1 });
    expect(updated.metadata).not.toHaveProperty('labels');
  });

  test("a pod's address is known under both its names, and its QoS class stays", async () => {
    await call.create('pods', 'default', pod('p'));
    const status = { status: { phase: 'Running', podIP: '10.1.2.3', qosClass: 'Guaranteed' } };
    const updated = await call.patch('pods/status', 'default', 'p', 'merge', status);
    expect(updated.status).toMatchObject({
      phase: 'Running',
      podIP: '10.1.2.3',
      podIPs: [{ ip: '10.1.2.3' }],
      qosClass: 'BestEffort',
    });
  });

  test('can be read, and is no collection', async () => {
    await call.create('pods', 'default', pod('p'));
    expect(await call.get('pods/status', 'default', 'p')).toEqual(await call.get('pods', 'default', 'p'));
    expect(await statusOf(call.get('configmaps/status', 'default', 'c'))).toMatchObject({ code: 404 });
    expect(await statusOf(call.create('pods/status', 'default', pod('p')))).toMatchObject({ code: 405 });
  });
});
