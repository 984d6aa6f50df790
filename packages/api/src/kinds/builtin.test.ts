import { expect, test } from 'vitest';
import { builtinDefinitions, builtinSchema, findBuiltin, findBuiltinKind } from './builtin.ts';
import { resources } from './resources.ts';

test('every kind has a schema with its own name, metadata and kind', () => {
  for (const definition of builtinDefinitions()) {
    const schema = definition.schema();
    expect(schema.ref?.split('.').pop(), definition.resource).toBe(definition.kind);
    expect(schema.properties.kind?.type).toBe('string');
    expect(schema.properties.apiVersion?.type).toBe('string');
    const isMetaRequired = definition.kind !== 'SelfSubjectReview';
    if (isMetaRequired) expect(schema.properties.metadata?.type, definition.kind).toBe('object');
  }
});

test('there are all GA groups of v1.32, and metrics', () => {
  const versions = new Set(builtinDefinitions().map((one) => `${one.group}/${one.version}`));
  expect([...versions].sort()).toEqual(
    [
      '/v1',
      'admissionregistration.k8s.io/v1',
      'apiextensions.k8s.io/v1',
      'apiregistration.k8s.io/v1',
      'apps/v1',
      'authentication.k8s.io/v1',
      'authorization.k8s.io/v1',
      'autoscaling/v1',
      'autoscaling/v2',
      'batch/v1',
      'certificates.k8s.io/v1',
      'coordination.k8s.io/v1',
      'discovery.k8s.io/v1',
      'events.k8s.io/v1',
      'flowcontrol.apiserver.k8s.io/v1',
      'metrics.k8s.io/v1beta1',
      'networking.k8s.io/v1',
      'node.k8s.io/v1',
      'policy/v1',
      'rbac.authorization.k8s.io/v1',
      'scheduling.k8s.io/v1',
      'storage.k8s.io/v1',
    ].sort(),
  );
});

test('resource constants name definitions that exist', () => {
  for (const [name, one] of Object.entries(resources)) {
    const definition = findBuiltin(one);
    expect(definition, name).toBeDefined();
    expect(definition?.kind, name).toBe(one.kind);
    expect(definition?.namespaced, name).toBe(one.namespaced);
  }
  expect(Object.keys(resources).length).toBe(builtinDefinitions().length);
});

test('no two kinds share a resource, a kind or a short name in one group version', () => {
  const ids = builtinDefinitions().map((one) => `${one.group}/${one.version}/${one.resource}`);
  expect(new Set(ids).size).toBe(ids.length);
  const shortNames = builtinDefinitions()
    .filter((one) => one.group !== 'events.k8s.io' && !(one.group === 'autoscaling' && one.version === 'v1'))
    .flatMap((one) => one.shortNames);
  expect(new Set(shortNames).size).toBe(shortNames.length);
});

test('subresource kinds have schemas', () => {
  expect(findBuiltinKind({ group: 'apps', version: 'v1', kind: 'Deployment' })?.resource).toBe('deployments');
  for (const definition of builtinDefinitions()) {
    for (const { kind } of definition.subresources) {
      if (kind === undefined || kind.kind.endsWith('Options')) continue;
      expect(builtinSchema(kind), `${definition.resource}: ${kind.kind}`).toBeDefined();
    }
  }
  expect(builtinSchema({ group: '', version: 'v1', kind: 'DeleteOptions' })?.properties.preconditions).toBeDefined();
  expect(builtinSchema({ group: '', version: 'v1', kind: 'Pot' })).toBeUndefined();
});
