import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createNameBook } from './name-book.ts';

test('a name is held by others, not by oneself', () => {
  const book = createNameBook();
  book.set('g', 'a', { plural: 'as', shortNames: ['x'], kind: 'A' });
  expect(book.heldByOthers('g', 'a').resources.has('as')).toBe(false);
  const seen = book.heldByOthers('g', 'b');
  expect(['as', 'x', 'A'].map((name) => seen.resources.has(name))).toEqual([true, true, false]);
  expect(seen.kinds.has('A')).toBe(true);
  expect(book.heldByOthers('h', 'b').resources.has('as')).toBe(false);
});

test('what is given back is told, what stays is not', () => {
  const book = createNameBook();
  book.set('g', 'a', { plural: 'as' });
  book.set('g', 'b', { plural: 'bs' });
  expect(book.releases('g')).toBe(0);
  book.set('g', 'a', { plural: 'as' });
  expect(book.releases('g')).toBe(0);
  book.set('g', 'a', { plural: 'cs' });
  book.delete('b');
  book.delete('b');
  expect(book.releases('g')).toBe(2);
  expect([book.has('a'), book.has('b')]).toEqual([true, false]);
});

test('it says what a look at all holders would', () => {
  const holder = fc.constantFrom('a', 'b', 'c');
  const name = fc.constantFrom('x', 'y', 'z');
  const step = fc.record({ holder, plural: fc.option(name), kind: name });
  fc.assert(
    fc.property(fc.array(step), holder, name, (steps, me, asked) => {
      const book = createNameBook();
      const plain = new Map<string, { readonly plural: string; readonly kind: string }>();
      for (const { holder: by, plural, kind } of steps) {
        if (plural === null) {
          book.delete(by);
          plain.delete(by);
        } else {
          book.set('g', by, { plural, kind });
          plain.set(by, { plural, kind });
        }
      }
      const others = [...plain].filter(([by]) => by !== me).map(([, names]) => names);
      const seen = book.heldByOthers('g', me);
      expect(seen.resources.has(asked)).toBe(others.some(({ plural }) => plural === asked));
      expect(seen.kinds.has(asked)).toBe(others.some(({ kind }) => kind === asked));
    }),
  );
});
