/** Events, in both of their groups. */
import { expect } from 'vitest';
import { absent, create, get, list, merge, remove, replace } from './support/rest.ts';
import { test } from './support/test.ts';

interface Events {
  readonly root: string;
  event(ns: string): object;
  /** What of one may be patched. */
  readonly change: object;
}

const groups = {
  core: {
    root: '/api/v1',
    event: (ns: string): object => ({
      involvedObject: { kind: 'Pod', namespace: ns, name: 'p' },
      reason: 'Tested',
      message: 'first',
      type: 'Normal',
      count: 1,
      firstTimestamp: '2026-01-02T03:04:05Z',
    }),
    change: { message: 'second' },
  },
  events: {
    root: '/apis/events.k8s.io/v1',
    event: (ns: string): object => ({
      regarding: { kind: 'Pod', namespace: ns, name: 'p' },
      reason: 'Tested',
      note: 'first',
      type: 'Normal',
      action: 'Test',
      eventTime: '2026-01-02T03:04:05.000006Z',
      reportingController: 'example.com/conformance',
      reportingInstance: 'conformance-1',
    }),
    // Of these only the series goes on.
    change: { series: { count: 2, lastObservedTime: '2026-01-02T03:04:06.000007Z' } },
  },
} satisfies Record<string, Events>;

async function takesVerbs({ root, event, change }: Events, ns: string): Promise<void> {
  const path = `${root}/namespaces/${ns}/events`;
  const labels = { conformance: ns };
  await create(path, { metadata: { name: 'e', labels }, ...event(ns) });
  const everywhere = await list(`${root}/events?labelSelector=conformance%3D${ns}`);
  expect(everywhere.items.map(({ metadata }) => metadata.name)).toEqual(['e']);
  const patched = await merge(`${path}/e`, change);
  expect(patched).toMatchObject(change);
  const series = { count: 100, lastObservedTime: '2026-01-02T03:05:05.000007Z' };
  await replace(`${path}/e`, { ...patched, series });
  expect(await get(`${path}/e`)).toMatchObject({ ...change, series });
  await remove(`${path}/e`);
  expect(await absent(`${path}/e`)).toBe(true);
}

async function areDeletedInBulk({ root, event }: Events, ns: string): Promise<void> {
  const path = `${root}/namespaces/${ns}/events`;
  for (const [name, team] of [
    ['a', 'x'],
    ['b', 'x'],
    ['c', 'y'],
  ] as const)
    await create(path, { metadata: { name, labels: { team } }, ...event(ns) });
  const selected = `${path}?labelSelector=team%3Dx`;
  expect((await list(selected)).items).toHaveLength(2);
  await remove(selected);
  expect((await list(path)).items.map(({ metadata }) => metadata.name)).toEqual(['c']);
}

test('C175 events of events.k8s.io are listed by label and deleted in bulk', ({ ns }) =>
  areDeletedInBulk(groups.events, ns));
test('C176 an event of events.k8s.io takes every verb, and a series', ({ ns }) => takesVerbs(groups.events, ns));
test('C177 core events are listed by label and deleted in bulk', ({ ns }) => areDeletedInBulk(groups.core, ns));
test('C178 a core event takes every verb, and a series', ({ ns }) => takesVerbs(groups.core, ns));
