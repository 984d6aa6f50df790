import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Caller, createMemoryRegistry, type MemoryRegistry, statusOf } from '../testing.ts';

let memory: MemoryRegistry;
let call: Caller;
beforeEach(async () => {
  memory = await createMemoryRegistry();
  call = memory.call;
});
afterEach(() => memory.close());

const v1 = 'autoscaling/v1/horizontalpodautoscalers';
const v2 = 'autoscaling/v2/horizontalpodautoscalers';
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const metadata = { name: 'h' };
const cpu = (averageUtilization: number): JsonObject => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});
const memoryMetric: JsonObject = {
  type: 'Resource',
  resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } },
};

describe('autoscalers', () => {
  test('made as v1 they are stored as v2, and read as either', async () => {
    const spec = { scaleTargetRef, maxReplicas: 5, targetCPUUtilizationPercentage: 70 };
    const made = await call.create(v1, 'default', { metadata, spec });
    expect(made).toMatchObject({
      apiVersion: 'autoscaling/v1',
      spec,
      status: { currentReplicas: 0, desiredReplicas: 0 },
    });
    const stored = await memory.store.get('/registry/autoscaling/horizontalpodautoscalers/default/h');
    expect(JSON.parse(stored?.text ?? '')).toMatchObject({
      apiVersion: 'autoscaling/v2',
      spec: { metrics: [cpu(70)] },
    });
    const newer = await call.get(v2, 'default', 'h');
    expect(newer).toMatchObject({
      apiVersion: 'autoscaling/v2',
      spec: { scaleTargetRef, maxReplicas: 5, metrics: [cpu(70)] },
    });
    expect(newer.spec).not.toHaveProperty('targetCPUUtilizationPercentage');
    expect(await call.names(v1, 'default')).toEqual(['h']);
  });

  test('what v1 cannot say survives a change through v1', async () => {
    const behavior = { scaleDown: { stabilizationWindowSeconds: 60 } };
    const before = await call.create(v2, 'default', {
      metadata,
      spec: { scaleTargetRef, maxReplicas: 5, metrics: [memoryMetric, cpu(70)], behavior },
    });
    const old = await call.get(v1, 'default', 'h');
    expect(old.spec).toEqual({ scaleTargetRef, minReplicas: 1, maxReplicas: 5, targetCPUUtilizationPercentage: 70 });
    await call.update(v1, 'default', 'h', { ...old, spec: { ...(old.spec as JsonObject), maxReplicas: 9 } });
    const after = await call.get(v2, 'default', 'h');
    expect(after.spec).toEqual({ ...(before.spec as JsonObject), maxReplicas: 9 });
    expect((after.metadata as JsonObject).annotations).toBeUndefined();
  });

  test('annotations that are no JSON carry nothing', async () => {
    const annotations = { 'autoscaling.alpha.kubernetes.io/metrics': '{', other: 'x' };
    await call.create(v1, 'default', {
      metadata: { ...metadata, annotations },
      spec: { scaleTargetRef, maxReplicas: 5 },
    });
    const stored = await call.get(v2, 'default', 'h');
    expect((stored.metadata as JsonObject).annotations).toEqual({ other: 'x' });
  });

  test('claims of one version count at the other', async () => {
    const config = (spec: JsonObject): JsonObject => ({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata,
      spec: { scaleTargetRef, ...spec },
    });
    await call.apply(v2, 'default', 'h', config({ maxReplicas: 5 }), 'one');
    const asV1 = { ...config({ maxReplicas: 6 }), apiVersion: 'autoscaling/v1' };
    expect(await statusOf(call.apply(v1, 'default', 'h', asV1, 'two'))).toMatchObject({
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "one": .spec.maxReplicas',
    });
  });
});

describe('events', () => {
  const newer = 'events.k8s.io/v1/events';

  test('of events.k8s.io are stored as core events', async () => {
    const event = {
      metadata: { name: 'e' },
      eventTime: '2026-01-02T03:04:05.000000Z',
      reportingController: 'x.io/c',
      reportingInstance: 'c-1',
      action: 'Do',
      reason: 'Done',
      type: 'Normal',
      regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
      note: 'all well',
    };
    const made = await call.create(newer, 'default', event);
    expect(made).toMatchObject({ apiVersion: 'events.k8s.io/v1', kind: 'Event', note: 'all well' });
    const core = await call.get('events', 'default', 'e');
    expect(core).toMatchObject({
      apiVersion: 'v1',
      message: 'all well',
      involvedObject: { kind: 'Pod', name: 'p' },
      reportingComponent: 'x.io/c',
    });
    expect(core).not.toHaveProperty('note');
    expect(await call.names('events', 'default', { fieldSelector: 'involvedObject.name=p' })).toEqual(['e']);
    expect(await call.names(newer, 'default', { fieldSelector: 'regarding.name=p' })).toEqual(['e']);
    expect(await call.names(newer, 'default', { fieldSelector: 'reportingController=x.io/c,reason!=Done' })).toEqual(
      [],
    );
  });
});
