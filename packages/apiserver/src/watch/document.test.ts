import { expect, test } from 'vitest';
import { factsOf } from './document.ts';

const pod = (name: string, labels?: Record<string, string>) => ({ metadata: { name, namespace: 'ns', labels } });
const describe = () => ({ 'spec.nodeName': 'n1' });

test('nothing that nobody has written is a label or a field', () => {
  const { labels, fields } = factsOf(pod('a', { app: 'web' }), describe);
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty'])
    expect([labels[name], fields[name]]).toEqual([undefined, undefined]);
  expect(Object.keys(labels)).toEqual(['app']);
  expect(Object.keys(fields).sort()).toEqual(['metadata.name', 'metadata.namespace', 'spec.nodeName']);
});

test('equal label sets are one, and share nothing with the object', () => {
  const source = { app: 'web', constructor: 'x' };
  const [a, b] = [factsOf(pod('a', source), describe), factsOf(pod('b', { ...source }), describe)];
  expect(a.labels).toBe(b.labels);
  source.app = 'changed';
  expect(a.labels).toMatchObject({ app: 'web', constructor: 'x' });
  expect(factsOf(pod('c', source), describe).labels.app).toBe('changed');
  expect(Object.keys(factsOf(pod('d'), describe).labels)).toEqual([]);
});
