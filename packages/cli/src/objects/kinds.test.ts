import { builtinDefinitions } from '@skiff/api';
import { expect, test } from 'vitest';
import { findKind, kindOfDocument } from './kinds.ts';

test.each([
  ['po', 'Pod'],
  ['pods', 'Pod'],
  ['Pod', 'Pod'],
  ['deploy', 'Deployment'],
  ['deployments.apps', 'Deployment'],
  ['ns', 'Namespace'],
  ['ev', 'Event'],
])('%s is a %s', (typed, kind) => {
  expect(findKind(builtinDefinitions(), typed).kind).toBe(kind);
});

test.each(['', 'unknown', 'pods.apps', 'deployments.'])('%j is no kind', (typed) => {
  expect(() => findKind(builtinDefinitions(), typed)).toThrow(`the server doesn't have a resource type "${typed}"`);
});

test('a document’s kind is told by apiVersion and kind together', () => {
  const deployment = kindOfDocument(builtinDefinitions(), { apiVersion: 'apps/v1', kind: 'Deployment' });
  expect(deployment).toMatchObject({ group: 'apps', version: 'v1', resource: 'deployments', namespaced: true });
  expect(() => kindOfDocument(builtinDefinitions(), { apiVersion: 'v1', kind: 'Deployment' })).toThrow(
    'no matches for kind "Deployment" in version "v1"',
  );
});
