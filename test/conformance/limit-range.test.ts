/** LimitRange: what it fills in, what it refuses. */
import { expect } from 'vitest';
import { ask, change, create, refused } from './support/rest.ts';
import type { Fields } from './support/shapes.ts';
import { eventually, test } from './support/test.ts';

const core = (ns: string): string => `/api/v1/namespaces/${ns}`;
const limits = (max: string): object[] => [
  {
    type: 'Container',
    ...{ min: { memory: '10Mi' }, max: { memory: max } },
    ...{ default: { memory: '50Mi' }, defaultRequest: { memory: '20Mi' } },
  },
];
const pod = (name: string, resources: object = {}): object => ({
  metadata: { name },
  spec: {
    nodeSelector: { 'example.com/conformance': 'nowhere' },
    containers: [{ name: 'main', image: 'skiff/busybox:1', resources }],
  },
});
const resourcesOf = ({ spec }: { readonly spec: Fields }): unknown =>
  (spec.containers as readonly Fields[]).map((container) => container.resources);

test('C308 a LimitRange fills in, refuses, and follows its update', async ({ ns }) => {
  const path = `${core(ns)}/limitranges`;
  await create(path, { metadata: { name: 'range' }, spec: { limits: limits('100Mi') } });
  const tried = async (name: string, resources?: object): Promise<number> =>
    (await ask('POST', `${core(ns)}/pods?dryRun=All`, { body: pod(name, resources) })).status;
  const large = { limits: { memory: '150Mi' } };
  await eventually('the range to be known', async () => (await tried('large', large)) === 403);
  const filled = await create(`${core(ns)}/pods`, pod('silent'));
  expect(resourcesOf(filled)).toEqual([{ requests: { memory: '20Mi' }, limits: { memory: '50Mi' } }]);
  const partly = await create(`${core(ns)}/pods`, pod('partly', { requests: { memory: '30Mi' } }));
  expect(resourcesOf(partly)).toEqual([{ requests: { memory: '30Mi' }, limits: { memory: '50Mi' } }]);
  for (const resources of [large, { requests: { memory: '5Mi' } }]) {
    const { code } = await refused('POST', `${core(ns)}/pods`, { body: pod('odd', resources) });
    expect(code).toBe(403);
  }
  await change(`${path}/range`, (current) => ({ ...current, spec: { limits: limits('200Mi') } }));
  await eventually('the wider range to be known', async () => (await tried('large', large)) === 201);
});
