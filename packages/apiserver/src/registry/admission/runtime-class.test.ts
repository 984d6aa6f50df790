import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createMemoryRegistry, type MemoryRegistry, statusOf } from '../testing.ts';

let at: MemoryRegistry;
beforeEach(async () => {
  at = await createMemoryRegistry();
});
afterEach(() => at.close());

const runtimeClass = (more: JsonObject = {}) =>
  at.call.create('node.k8s.io/v1/runtimeclasses', '', { metadata: { name: 'small' }, handler: 'runc', ...more });
const create = (spec: JsonObject) =>
  at.call.create('pods', 'default', {
    metadata: { name: 'p' },
    spec: { runtimeClassName: 'small', containers: [{ name: 'c', image: 'i' }], ...spec },
  });
const refusal = async (spec: JsonObject = {}) => {
  const { code, message } = await statusOf(create(spec));
  expect(code).toBe(403);
  return message?.replace('pods "p" is forbidden: ', '');
};

it('refuses a class that is not there', async () => {
  expect(await refusal()).toBe('pod rejected: RuntimeClass "small" not found');
});

it('gives the pod the overhead, the nodes and the tolerations of its class', async () => {
  const toleration = { key: 'k', operator: 'Exists' };
  await runtimeClass({
    overhead: { podFixed: { memory: '64Mi' } },
    scheduling: { nodeSelector: { kind: 'small' }, tolerations: [toleration] },
  });
  const { spec } = await create({ nodeSelector: { zone: 'a' } });
  expect(spec).toMatchObject({ overhead: { memory: '64Mi' }, nodeSelector: { zone: 'a', kind: 'small' } });
  expect((spec as JsonObject).tolerations).toContainEqual(expect.objectContaining(toleration));
});

it('refuses what contradicts the class', async () => {
  await runtimeClass({
    overhead: { podFixed: { memory: '64Mi' } },
    scheduling: { nodeSelector: { kind: 'small' } },
  });
  expect(await refusal({ overhead: { memory: '1Gi' } })).toContain("doesn't match RuntimeClass's defined Overhead");
  expect(await refusal({ nodeSelector: { kind: 'big' } })).toContain(
    'conflict: runtimeClass.scheduling.nodeSelector[kind]',
  );
});

it('refuses overhead that no class defines', async () => {
  await runtimeClass();
  expect(await refusal({ overhead: { memory: '1Gi' } })).toContain('without corresponding RuntimeClass');
});
