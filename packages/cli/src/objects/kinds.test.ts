import { builtinDefinitions } from '@skiff/api/kinds';
import type { ServedKind } from '@skiff/client';
import { expect, test } from 'vitest';
import { findKind, kindOfDocument, kindsOfCategory, labelOf } from './kinds.ts';

const gear: ServedKind = {
  ...{ group: 'example.com', version: 'v2', resource: 'gears', kind: 'Gear', singular: 'gear', namespaced: true },
  ...{ shortNames: ['gr', 'po'], categories: ['all', 'parts'], verbs: ['get', 'list'] },
};
const kinds = [...builtinDefinitions(), gear, { ...gear, version: 'v1' }];

test.each([
  ['po', 'Pod', ''],
  ['pods', 'Pod', ''],
  ['Pod', 'Pod', ''],
  ['pods.v1.', 'Pod', ''],
  ['deploy', 'Deployment', 'apps'],
  ['deployments.apps', 'Deployment', 'apps'],
  ['deployments.v1.apps', 'Deployment', 'apps'],
  ['ns', 'Namespace', ''],
  ['ev', 'Event', ''],
  ['events.events.k8s.io', 'Event', 'events.k8s.io'],
  ['gr', 'Gear', 'example.com'],
  ['GEAR.example.com', 'Gear', 'example.com'],
  ['po.example.com', 'Gear', 'example.com'],
])('%s is a %s of %j', (typed, kind, group) => {
  expect(findKind(kinds, typed)).toMatchObject({ kind, group });
});

test('the preferred version, or the one that is named', () => {
  expect(findKind(kinds, 'gears')?.version).toBe('v2');
  expect(findKind(kinds, 'gears.v1.example.com')?.version).toBe('v1');
});

test.each(['', '.', '.apps', 'unknown', 'pods.apps', 'deployments.', 'pods.v2.', 'gears.v3.example.com'])(
  '%j is no kind',
  (typed) => {
    expect(findKind(kinds, typed)).toBeUndefined();
  },
);

test('a category is its kinds, custom ones too, each once', () => {
  const all = kindsOfCategory(kinds, 'all').map(labelOf);
  expect(all).toEqual(expect.arrayContaining(['pod', 'service', 'deployment.apps', 'job.batch', 'gear.example.com']));
  expect(new Set(all).size).toBe(all.length);
  expect(kindsOfCategory(kinds, 'parts')).toEqual([gear]);
  expect(kindsOfCategory(kinds, 'pods')).toEqual([]);
});

test('a document’s kind is told by apiVersion and kind together', () => {
  const deployment = kindOfDocument(kinds, { apiVersion: 'apps/v1', kind: 'Deployment' });
  expect(deployment).toMatchObject({ group: 'apps', version: 'v1', resource: 'deployments', namespaced: true });
  expect(kindOfDocument(kinds, { apiVersion: 'example.com/v1', kind: 'Gear' })?.version).toBe('v1');
  expect(kindOfDocument(kinds, { apiVersion: 'v1', kind: 'Deployment' })).toBeUndefined();
});
