import { expect, test } from 'vitest';
import { plainGo, unstructuredFault } from './unstructured.ts';

const of = (found: string, type: string): string =>
  unstructuredFault(`json: cannot unmarshal ${found} into Go struct field DeploymentSpec.spec.x of type ${type}`);

test.each([
  ['string', 'int32', 'unrecognized type: int32'],
  ['bool', 'string', 'unrecognized type: string'],
  ['object', 'bool', 'unrecognized type: bool'],
  ['number', 'string', 'cannot convert int64 to string'],
  ['number', 'bool', 'unrecognized type: bool'],
  ['number with a fraction', 'int32', 'cannot convert float64 to int32'],
  ['string', 'map[string]string', 'cannot restore map from string'],
  ['object', '[]v1.Container', 'cannot restore slice from map'],
  ['array', 'v1.PodSpec', 'cannot restore struct from: slice'],
])('%s for %s', (found, type, text) => {
  expect(of(found, type)).toBe(text);
});

test('types that read themselves keep their words', () => {
  const fault = 'json: cannot unmarshal bool into Go struct field A.x of type intstr.IntOrString';
  expect(unstructuredFault(fault)).toBe(fault);
  expect(unstructuredFault('quantities must match')).toBe('quantities must match');
});

test("values in Go's plain words", () => {
  expect(plainGo({ spec: { replicas: 'x', list: [1, null, true, { b: 'y' }] }, a: {} })).toBe(
    'map[a:map[] spec:map[list:[1 <nil> true map[b:y]] replicas:x]]',
  );
});
