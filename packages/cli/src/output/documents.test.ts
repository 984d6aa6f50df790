import { expect, test } from 'vitest';
import { documentText, withoutManagedFields } from './documents.ts';

const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one' } };

test('managed fields are left out', () => {
  const managed = { ...object, metadata: { ...object.metadata, managedFields: [{ manager: 'skiff' }] } };
  expect(withoutManagedFields(managed as never)).toEqual(object);
});

test('JSON and YAML', async () => {
  expect(await documentText({ a: { b: 1 } }, 'json')).toBe('{\n    "a": {\n        "b": 1\n    }\n}\n');
  expect(await documentText({ a: { b: 1 } }, 'yaml')).toBe('a:\n  b: 1\n');
});
