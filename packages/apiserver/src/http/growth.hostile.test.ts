/** H-243: much of everything. What one more costs must not grow with what is there: the CPU time of as many more is compared. */
import type { JsonObject } from '@skiff/api';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { expectMeasuredUnharmed } from './testing/invariants.ts';
import { type MeasuredServer, startMeasuredServer } from './testing/measured.ts';

// Tens of thousands of objects: how long they take is the machine's affair.
vi.setConfig({ testTimeout: 240_000 });

let at: MeasuredServer;
beforeAll(async () => {
  at = await startMeasuredServer();
});
afterAll(() => at.close());
expectMeasuredUnharmed(() => at);

/** A step that looks at everything would make this the ratio of the sizes, which is ten and more. */
const noise = 3;

const numbered = <T>(from: number, count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(from + i));

/** CPU milliseconds of the server for some work, that of its own rounds included. */
async function costOf(work: () => Promise<unknown>): Promise<number> {
  const before = await at.cpu();
  await work();
  return (await at.cpu()) - before;
}

/** What as many more cost, from the one numbered so on: the least of five, since the collector's rounds fall into some. */
async function leastOf(
  from: number,
  step: number,
  more: (from: number, count: number) => Promise<number>,
): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) least = Math.min(least, await more(from + i * step, step));
  return least;
}

it.each<readonly [number, string, Parameters<MeasuredServer['make']>[0], (i: number) => JsonObject]>([
  [
    10_000,
    'events',
    { group: 'events.k8s.io', version: 'v1', resource: 'events', namespace: 'default' },
    (i) => ({
      metadata: { name: `e${i}` },
      ...{ eventTime: '2026-01-01T00:00:00.000000Z', reportingController: 'x.io/y', reportingInstance: 'z' },
      ...{ action: 'a', reason: 'r', type: 'Normal', note: `n${i}` },
      regarding: { kind: 'Pod', namespace: 'default', name: `p${i}` },
    }),
  ],
  [
    10_000,
    'namespaces',
    { group: '', version: 'v1', resource: 'namespaces', namespace: '' },
    (i) => ({ metadata: { name: `n${i}` } }),
  ],
  [
    100_000,
    'label values',
    { group: '', version: 'v1', resource: 'configmaps', namespace: 'default' },
    (i) => ({ metadata: { name: `l${i}`, labels: { key: `v${i}`, [`key${i}`]: 'v' } } }),
  ],
])('%i %s cost as much each as the first', async (total, _, target, make) => {
  const step = 250;
  const more = (from: number, count: number) => costOf(() => at.make(target, numbered(from, count, make)));
  await more(0, step);
  const first = await leastOf(step, step, more);
  await more(6 * step, total - 11 * step);
  const last = await leastOf(total - 5 * step, step, more);
  expect(last).toBeLessThan(noise * first);
});

it('a thousand custom kinds cost as much each as the first', async () => {
  const crd = (i: number): JsonObject => ({
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
    metadata: { name: `k${i}s.x.io` },
    spec: {
      ...{ group: 'x.io', scope: 'Namespaced', names: { plural: `k${i}s`, kind: `K${i}` } },
      versions: [{ ...{ name: 'v1', served: true, storage: true }, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  });
  const target = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions', namespace: '' };
  const more = (from: number, count: number) =>
    costOf(async () => {
      await at.make(target, numbered(from, count, crd));
      const last = `/apis/x.io/v1/namespaces/default/k${from + count - 1}s`;
      await expect.poll(async () => (await at.request(last)).status, { timeout: 60_000 }).toBe(200);
    });
  await more(0, 20);
  const first = await leastOf(20, 20, more);
  await more(120, 780);
  const last = await leastOf(900, 20, more);
  expect(last).toBeLessThan(noise * first);
});

it('a selector of ten times the values costs ten times as much', async () => {
  const core = { group: '', version: 'v1' };
  await at.make({ ...core, resource: 'namespaces', namespace: '' }, [{ metadata: { name: 'labelled' } }]);
  const labelled = (i: number): JsonObject => ({ metadata: { name: `l${i}`, labels: { key: `other${i}` } } });
  await at.make({ ...core, resource: 'configmaps', namespace: 'labelled' }, numbered(0, 1000, labelled));
  const select = (count: number): Promise<number> =>
    costOf(async () => {
      const values = numbered(0, count, (i) => `v${i}`).join(',');
      const query = encodeURI(`labelSelector=key in (${values})&limit=1`);
      for (let i = 0; i < 3; i++)
        expect((await at.request(`/api/v1/namespaces/labelled/configmaps?${query}`)).status).toBe(200);
    });
  await select(900);
  const few = await leastOf(900, 0, select);
  const many = await leastOf(9000, 0, select);
  expect(many).toBeLessThan(noise * 10 * few);
});
