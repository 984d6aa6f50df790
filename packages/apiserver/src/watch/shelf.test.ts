import fc from 'fast-check';
import { expect, test } from 'vitest';
import { watchTurns } from '../http/testing/turns.ts';
import { compareKeys } from '../storage/order.ts';
import type { CachedDocument } from './contract.ts';
import { KeptDocument } from './document.ts';
import { Shelf } from './shelf.ts';

const names = fc.constantFrom('a', 'b', 'c', '10', '9', '\u{1f600}', '\uffee');
const place = fc.constantFrom('', 'one', 'two');

const documentOf = (name: string, namespace: string, node: string): KeptDocument =>
  new KeptDocument({
    key: `/registry/core/pods/${namespace}/${name}`,
    version: 1n,
    text: node,
    facts: { namespace, name, labels: {}, fields: { 'spec.nodeName': node } },
  });

const steps = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('put' as const), name: names, namespace: place, node: place }),
    fc.record({ type: fc.constant('remove' as const), name: names, namespace: place }),
    fc.record({ type: fc.constant('list' as const), namespace: place, node: place }),
  ),
  { maxLength: 60 },
);

test('whatever comes and goes, candidates are all that can match, in key order', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const shelf = new Shelf();
      const held = new Map<string, CachedDocument>();
      for (const step of all) {
        if (step.type === 'put') {
          const document = documentOf(step.name, step.namespace, step.node);
          held.set(document.key, document);
          shelf.put(document);
        } else if (step.type === 'remove') {
          const { key } = documentOf(step.name, step.namespace, '');
          held.delete(key);
          shelf.remove(key);
        } else {
          const { namespace, node } = step;
          const expected = [...held.values()]
            .filter(({ facts, text }) =>
              node === '' ? namespace === '' || facts.namespace === namespace : text === node,
            )
            .sort((a, b) => compareKeys(a.key, b.key));
          const exactField = { field: 'spec.nodeName', value: node };
          const filter = { namespace, name: '', ...(node === '' ? {} : { exactField }) };
          const found = shelf.candidates(filter);
          expect(found).toEqual(expected);
          for (const { text, facts } of found) expect(text).toBe(facts.fields['spec.nodeName']);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('a list of all holds nobody up, however many there are and whatever has changed', () => {
  const shelf = new Shelf();
  const ofNumber = (i: number): KeptDocument => documentOf(`p${(i * 7919) % 1_000_003}`, `ns${i % 50}`, '');
  for (let i = 0; i < 150_000; i++) shelf.put(ofNumber(i));
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    for (let i = round * 2000; i < (round + 1) * 2000; i++) {
      shelf.put(ofNumber(150_000 + i));
      shelf.remove(ofNumber(i).key);
    }
    const longest = watchTurns();
    expect(shelf.candidates({ namespace: '', name: '' })).toHaveLength(150_000);
    least = Math.min(least, longest());
  }
  expect(least).toBeLessThan(15);
});
