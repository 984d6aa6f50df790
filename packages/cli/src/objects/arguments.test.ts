import { expect, test } from 'vitest';
import { readArguments } from './arguments.ts';

const all = undefined;

test.each([
  [['pods'], [['pods', all]]],
  [['pods,services'], [['pods,services', all]]],
  [['pod', 'a'], [['pod', 'a']]],
  [
    ['pod', 'a', 'b'],
    [
      ['pod', 'a'],
      ['pod', 'b'],
    ],
  ],
  [['pod,svc', 'a'], [['pod,svc', 'a']]],
  [
    ['pod/a', 'gears.example.com/b'],
    [
      ['pod', 'a'],
      ['gears.example.com', 'b'],
    ],
  ],
])('%j', (args, meant) => {
  expect(readArguments('get', args)).toEqual(meant.map(([types, name]) => ({ types, name })));
});

test.each([
  [['pod', 'pod/a'], 'there is no need to specify a resource type as a separate argument'],
  [['pod/a', 'b'], "instead of 'skiff get resource resource/<resource_name>'"],
  [['a/b/c'], 'may not have more than one slash'],
  [['/a'], 'must have a single resource and name'],
  [['pod/'], 'must have a single resource and name'],
  [['pod,svc/a'], 'must have a single resource and name'],
])('%j: %s', (args, fault) => {
  expect(() => readArguments('get', args)).toThrow(fault);
});
