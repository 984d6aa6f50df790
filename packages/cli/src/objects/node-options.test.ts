import { expect, test } from 'vitest';
import { parseLabels, parseTaints } from './node-options.ts';

test('labels', () => {
  expect(parseLabels('')).toEqual({});
  expect(parseLabels('a=1, example.com/b=x=y,c=')).toEqual({ a: '1', 'example.com/b': 'x=y', c: '' });
  expect(() => parseLabels('a')).toThrow('"a" is no label: write key=value');
});

test('taints', () => {
  expect(parseTaints('')).toEqual([]);
  expect(parseTaints('gpu=yes:NoSchedule,lab:NoExecute,soft=:PreferNoSchedule')).toEqual([
    { key: 'gpu', value: 'yes', effect: 'NoSchedule' },
    { key: 'lab', effect: 'NoExecute' },
    { key: 'soft', effect: 'PreferNoSchedule' },
  ]);
  for (const bad of ['gpu', 'gpu=yes', 'gpu=yes:Never', ':NoSchedule'])
    expect(() => parseTaints(bad)).toThrow(/is no taint/);
});
