import { expect, test } from 'vitest';
import { builtinType, builtinTypeNames } from './builtin.ts';
import type { Schema } from './schema.ts';
import { readTable } from './table.ts';
import { ruledTypes, ruleOf } from './tables/index.ts';

test('every rule is about a field that exists', () => {
  for (const ref of ruledTypes()) {
    const { properties } = builtinType(ref);
    const rule = ruleOf(ref);
    const named = [
      ...Object.keys(rule.lists ?? {}),
      ...Object.keys(rule.defaults ?? {}),
      ...(rule.atomicFields ?? []),
      ...(rule.granular ?? []),
      ...(rule.retainKeys ?? []),
      ...(rule.replaceFields ?? []),
      ...(rule.keepZero ?? []),
    ];
    for (const name of named) expect(properties[name], `${ref}.${name}`).toBeDefined();
    for (const name of Object.keys(rule.lists ?? {})) expect(properties[name]?.type, `${ref}.${name}`).toBe('array');
  }
});

test('list keys are fields of the items', () => {
  for (const ref of builtinTypeNames()) {
    for (const [name, schema] of Object.entries(builtinType(ref).properties)) {
      if (schema.type !== 'array') continue;
      const keys = [...(schema.listMapKeys ?? []), ...(schema.patchMergeKey ? [schema.patchMergeKey] : [])];
      for (const key of keys) {
        expect(schema.items.type === 'object' && schema.items.properties[key], `${ref}.${name}: ${key}`).toBeTruthy();
      }
    }
  }
});

test('every type is whole: references lead somewhere and formats are known', () => {
  const formats = new Set<string | undefined>();
  const bare: string[] = [];
  const look = (schema: Schema, at: string): void => {
    if (schema.type === 'array') look(schema.items, at);
    else if (schema.type === 'map') look(schema.values, at);
    else if (schema.type === 'object') {
      if (Object.keys(schema.properties).length === 0) bare.push(at);
    } else if (schema.type === 'string') formats.add(schema.format);
    else if (schema.type === 'integer') expect(['int32', 'int64']).toContain(schema.format);
  };
  for (const ref of builtinTypeNames())
    for (const [name, schema] of Object.entries(builtinType(ref).properties))
      look(schema, `${ref.split('.').at(-1)}.${name}`);
  expect(bare).toEqual(['CustomResourceSubresources.status']);
  expect(formats).toEqual(new Set([undefined, 'byte', 'quantity', 'date-time', 'micro-time', 'duration']));
});

const fieldOf = (ref: string, name: string): Schema => {
  const schema = builtinType(ref).properties[name];
  if (schema === undefined) throw new Error(`${ref} has no ${name}`);
  return schema;
};

test('well-known rules', () => {
  const podSpec = 'io.k8s.api.core.v1.PodSpec';
  expect(fieldOf(podSpec, 'containers')).toMatchObject({
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
  });
  expect(fieldOf(podSpec, 'tolerations')).not.toHaveProperty('listType');
  expect(fieldOf(podSpec, 'volumes')).toMatchObject({ patchMergeKey: 'name', items: { retainKeys: true } });
  expect(fieldOf(podSpec, 'nodeSelector')).toMatchObject({ atomic: true });
  expect(fieldOf('io.k8s.api.apps.v1.DeploymentSpec', 'strategy')).toMatchObject({ retainKeys: true, default: {} });
  expect(fieldOf('io.k8s.api.apps.v1.DeploymentSpec', 'selector')).toMatchObject({ atomic: true });
  expect(fieldOf('io.k8s.api.core.v1.Container', 'ports')).toMatchObject({
    listMapKeys: ['containerPort', 'protocol'],
    patchMergeKey: 'containerPort',
  });
  expect(fieldOf('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta', 'finalizers')).toMatchObject({
    listType: 'set',
    patchMergeKey: '',
  });
  expect(fieldOf('io.k8s.api.batch.v1.JobStatus', 'conditions')).toMatchObject({ patchMergeKey: 'type' });
  expect(fieldOf('io.k8s.api.policy.v1.PodDisruptionBudgetSpec', 'selector')).toMatchObject({ patchReplace: true });
  expect(fieldOf('io.k8s.api.core.v1.PersistentVolumeSpec', 'claimRef')).toMatchObject({ atomic: false });
  expect(fieldOf(podSpec, 'activeDeadlineSeconds')).toMatchObject({ type: 'integer', format: 'int64' });
  expect(fieldOf('io.k8s.api.core.v1.Container', 'imagePullPolicy')).toMatchObject({
    enum: ['Always', 'IfNotPresent', 'Never'],
  });
});

test('an unknown type is an error that names it', () => {
  expect(() => builtinType('io.k8s.api.core.v1.Pot')).toThrow('There is no built-in type io.k8s.api.core.v1.Pot');
});

test('without the generated table the error names the command that makes it', () => {
  expect(() => readTable('/nowhere/schemas.json')).toThrow(
    'The schemas of the built-in kinds are missing (/nowhere/schemas.json). Run: npm run schemas',
  );
});
