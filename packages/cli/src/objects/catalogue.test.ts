import type { ServedKind } from '@skiff/client';
import { expect, test } from 'vitest';
import { createCatalogue } from './catalogue.ts';
import { labelOf } from './kinds.ts';

const gear: ServedKind = {
  ...{ group: 'example.com', version: 'v1', resource: 'gears', kind: 'Gear', singular: 'gear', namespaced: true },
  ...{ shortNames: ['gr'], categories: ['parts'], verbs: ['list'] },
};

function catalogue() {
  let times = 0;
  const made = createCatalogue({
    discover: async () => {
      times += 1;
      return [gear];
    },
  });
  return { ...made, times: () => times };
}

test('a built-in kind asks for no discovery', async () => {
  const at = catalogue();
  expect((await at.named('pods,svc')).map(labelOf)).toEqual(['pod', 'service']);
  expect(await at.ofDocument({ apiVersion: 'apps/v1', kind: 'Deployment' })).toMatchObject({ resource: 'deployments' });
  expect(at.times()).toBe(0);
});

test('a custom kind and a category do, once', async () => {
  const at = catalogue();
  expect((await at.named('gr,pods,parts')).map(labelOf)).toEqual(['gear.example.com', 'pod', 'gear.example.com']);
  expect(await at.ofDocument({ apiVersion: 'example.com/v1', kind: 'Gear' })).toEqual(gear);
  expect(await at.ofDocument({ apiVersion: 'example.com/v2', kind: 'Gear' })).toBeUndefined();
  expect(at.times()).toBe(1);
  at.refresh();
  await at.named('gears');
  expect(at.times()).toBe(2);
});

test.each(['foo', '', 'pods,foo', 'pods,'])('%j is no kind', async (types) => {
  const foreign = types.split(',').at(-1);
  await expect(catalogue().named(types)).rejects.toThrow(`the server doesn't have a resource type "${foreign}"`);
});
