import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Part } from '../registry/contract.ts';
import { listTexts, pieceChars, pieces } from './encode.ts';

const part = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.uint8Array({ maxLength: 20 }),
  fc.nat(100_000).map((length) => 'é'.repeat(length / 2)),
);

const copies = (parts: Iterable<Part>): Buffer[] => Array.from(pieces(parts), (piece) => Buffer.from(piece));

test('pieces are the parts one behind the other, none much longer than a part or a piece', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      const bytes = parts.map((one) => Buffer.from(one as Uint8Array));
      const made = copies(parts);
      expect(Buffer.concat(made).equals(Buffer.concat(bytes))).toBe(true);
      const longest = Math.max(pieceChars, ...bytes.map(({ length }) => length));
      for (const { length } of made) {
        expect(length).toBeGreaterThan(0);
        expect(length).toBeLessThanOrEqual(longest);
      }
    }),
  );
});

test('a part is copied before the next is asked for', () => {
  const place = Buffer.alloc(1);
  const parts = function* (): Generator<Uint8Array> {
    for (const letter of 'abc') {
      place.write(letter);
      yield place;
    }
  };
  expect(Buffer.concat(copies(parts())).toString()).toBe('abc');
});

test('a list of texts and bytes is one document', () => {
  const list = {
    ...{ apiVersion: 'v1', kind: 'PodList', resourceVersion: '7', continue: '' },
    remainingItemCount: undefined,
  };
  const items = ['{"a":1}', Buffer.from('{"b":2}'), '{}'];
  const text = Buffer.concat(copies(listTexts(list, items))).toString();
  expect(JSON.parse(text)).toEqual({
    ...{ kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '7' } },
    items: [{ a: 1 }, { b: 2 }, {}],
  });
});
