import { builtinType } from '@skiff/api/kinds';
import { describe, expect, test } from 'vitest';
import { createComponents, v2, v3 } from './openapi-schema.ts';

test('a type keeps its own description, whichever field leads to it first', () => {
  const components = createComponents(v3);
  components.node(builtinType('io.k8s.api.core.v1.Container'));
  const { 'io.k8s.api.core.v1.Container': container, 'io.k8s.api.core.v1.Probe': probe } = components.all();
  expect(probe?.description).toMatch(/^Probe describes a health check/);
  expect(container?.properties).toMatchObject({
    livenessProbe: {
      description: expect.stringMatching(/^Periodic probe of container liveness/),
      allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.Probe' }],
    },
  });
});

describe('what a patch does with a field', () => {
  const components = createComponents(v3);
  const of = (type: string, field: string): unknown => {
    components.node(builtinType(`io.k8s.api.${type}`));
    const properties = components.all()[`io.k8s.api.${type}`]?.properties ?? {};
    return (properties as Record<string, unknown>)[field];
  };

  test('lists that retain keys say so themselves, not of their items', () => {
    expect(of('core.v1.PodSpec', 'volumes')).toMatchObject({
      items: { $ref: '#/components/schemas/io.k8s.api.core.v1.Volume' },
      'x-kubernetes-patch-strategy': 'merge,retainKeys',
    });
  });

  test('lists that merge by nothing are atomic, but for the items of a list', () => {
    expect(of('core.v1.Container', 'command')).toMatchObject({ 'x-kubernetes-list-type': 'atomic' });
    expect(of('core.v1.Container', 'ports')).toMatchObject({ 'x-kubernetes-list-type': 'map' });
    expect(of('core.v1.PodList', 'items')).not.toHaveProperty('x-kubernetes-list-type');
  });

  test('objects that retain keys, or are replaced', () => {
    expect(of('apps.v1.DeploymentSpec', 'strategy')).toMatchObject({ 'x-kubernetes-patch-strategy': 'retainKeys' });
    expect(of('policy.v1.PodDisruptionBudgetSpec', 'selector')).toMatchObject({
      'x-kubernetes-patch-strategy': 'replace',
    });
  });

  test('a reference that merges although its type is atomic', () => {
    expect(of('core.v1.PersistentVolumeSpec', 'claimRef')).toMatchObject({ 'x-kubernetes-map-type': 'granular' });
  });
});

test('defaults are told in v3 only', () => {
  const port = 'io.k8s.api.core.v1.ContainerPort';
  const told = [v2, v3].map((dialect) => {
    const components = createComponents(dialect);
    components.node(builtinType(port));
    return components.all()[port]?.properties;
  });
  expect(told[0]).toHaveProperty('protocol.type', 'string');
  expect(told[0]).not.toHaveProperty('protocol.default');
  expect(told[1]).toHaveProperty('protocol.default', 'TCP');
});

test.each([
  ['rbac.v1.RoleRef', ['apiGroup', 'kind', 'name']],
  ['apps.v1.StatefulSetSpec', ['selector', 'serviceName', 'template']],
  ['batch.v1.CronJob', undefined],
])('%s requires what the published schema requires', (type, required) => {
  const components = createComponents(v3);
  components.node(builtinType(`io.k8s.api.${type}`));
  expect(components.all()[`io.k8s.api.${type}`]?.required).toEqual(required);
});
