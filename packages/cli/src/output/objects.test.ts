import type { ServedKind, Table } from '@skiff/client';
import { expect, test } from 'vitest';
import { headerOf, rowsOf } from './objects.ts';

const gear: ServedKind = {
  ...{ group: 'example.com', version: 'v1', resource: 'gears', kind: 'Gear', singular: 'gear', namespaced: true },
  ...{ shortNames: [], categories: [], verbs: [] },
};
const object = {
  apiVersion: 'example.com/v1',
  kind: 'Gear',
  metadata: { name: 'one', namespace: 'here', labels: { b: '2', a: '1' } },
};
const table = {
  metadata: {},
  columnDefinitions: [
    { name: 'Name', priority: 0 },
    { name: 'Teeth', priority: 0 },
    { name: 'Notes', priority: 1 },
  ],
  rows: [{ cells: ['one', 12, null], object }],
} as unknown as Table;
const plain = { wide: false, withNamespace: false, withKind: undefined, withLabels: false };

test.each([
  ['plain', plain, ['NAME', 'TEETH'], ['one', '12']],
  ['wide', { ...plain, wide: true }, ['NAME', 'TEETH', 'NOTES'], ['one', '12', '<none>']],
  ['of all namespaces', { ...plain, withNamespace: true }, ['NAMESPACE', 'NAME', 'TEETH'], ['here', 'one', '12']],
  ['with labels', { ...plain, withLabels: true }, ['NAME', 'TEETH', 'LABELS'], ['one', '12', 'a=1,b=2']],
  ['of several kinds', { ...plain, withKind: gear }, ['NAME', 'TEETH'], ['gear.example.com/one', '12']],
])('%s', (_title, style, header, row) => {
  expect(headerOf(table, style)).toEqual(header);
  expect(rowsOf(table, style)).toEqual([row]);
});
