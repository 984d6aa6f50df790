import type { JsonObject } from '@skiff/api';
import { expect, test } from 'vitest';
import { dropElection } from './leases.ts';
import { csiDrivers, dropUnserved, persistentVolumes } from './storage.ts';

const claim = { kind: 'PersistentVolumeClaim', name: 'c' };
const snapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' };
const far = { ...claim, namespace: 'other' };

test.each<[string, JsonObject, JsonObject, JsonObject]>([
  ['nothing of it', {}, {}, {}],
  ['a claim', { dataSource: claim }, {}, { dataSource: claim }],
  ['a snapshot', { dataSource: snapshot }, {}, { dataSource: snapshot }],
  ['anything else in the old field', { dataSource: { kind: 'Pod', name: 'p' } }, {}, {}],
  [
    'anything in the new field',
    { dataSourceRef: { kind: 'Pod', name: 'p' } },
    {},
    { dataSourceRef: { kind: 'Pod', name: 'p' } },
  ],
  ['another namespace', { dataSourceRef: far }, {}, {}],
  ['another namespace that it had', { dataSourceRef: far }, { dataSourceRef: far }, { dataSourceRef: far }],
  ['a class of attributes', { volumeAttributesClassName: 'a' }, {}, {}],
  [
    'a class of attributes where one was',
    { volumeAttributesClassName: 'a' },
    { volumeAttributesClassName: 'b' },
    { volumeAttributesClassName: 'a' },
  ],
])('what is served of a claim with %s', (_, spec, old, expected) => {
  dropUnserved(spec, old);
  expect(spec).toEqual(expected);
});

test('a volume has no class of attributes', () => {
  const volume = (name?: string): JsonObject => ({
    spec: name === undefined ? {} : { volumeAttributesClassName: name },
  });
  const made = volume('a');
  persistentVolumes.prepareForCreate?.(made, 0, { name: '', uid: '', groups: [], extra: {} });
  expect(made.spec).toEqual({});
  const changed = volume('a');
  persistentVolumes.prepareForUpdate?.(changed, volume('b'), 0);
  expect(changed.spec).toEqual({ volumeAttributesClassName: 'a' });
});

test.each<[string, JsonObject, JsonObject, unknown]>([
  ['nothing', { metadata: {}, spec: { a: 1 } }, { metadata: {}, spec: { a: 1 } }, undefined],
  ['the first change', { metadata: {}, spec: { a: 2 } }, { metadata: {}, spec: { a: 1 } }, 1],
  ['another', { metadata: {}, spec: { a: 2 } }, { metadata: { generation: 4 }, spec: { a: 1 } }, 5],
])('the generation of a driver after %s', (_, next, old, generation) => {
  csiDrivers.prepareForUpdate?.(next, old, 0);
  expect((next.metadata as JsonObject).generation).toBe(generation);
});

test('a lease has no strategy, unless it had one', () => {
  const lease = (spec: JsonObject): JsonObject => ({ spec: { holderIdentity: 'a', ...spec } });
  const elected = { strategy: 'OldestEmulationVersion', preferredHolder: 'b' };
  const made = lease(elected);
  dropElection(made, {});
  expect(made).toEqual(lease({}));
  const changed = lease(elected);
  dropElection(changed, lease({ strategy: 'x' }));
  expect(changed).toEqual(lease({ strategy: 'OldestEmulationVersion' }));
});
