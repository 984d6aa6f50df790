import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Arena, type Place, textAt } from './arena.ts';
import { KeptDocument } from './document.ts';

const texts = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.string({ maxLength: 300, unit: 'grapheme' }),
  fc.nat({ max: 70_000 }).map((length) => 'x'.repeat(length)),
  fc.nat({ max: 40_000 }).map((length) => 'é'.repeat(length)),
);

test('every text is read back whole, whatever is given back meanwhile', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ text: texts, givesBack: fc.option(fc.nat()) }), { maxLength: 60 }), (steps) => {
      const arena = new Arena();
      const held: { readonly text: string; readonly place: Place }[] = [];
      for (const { text, givesBack } of steps) {
        const place = arena.put(text);
        if (Buffer.byteLength(text) > 64 * 1024) expect(place).toBeUndefined();
        else expect(place).toBeDefined();
        if (place !== undefined) held.push({ text, place });
        const [gone] = givesBack === null ? [] : held.splice(givesBack % Math.max(1, held.length), 1);
        if (gone !== undefined) arena.giveBack(gone.place);
        for (const one of held) expect(textAt(one.place)).toBe(one.text);
      }
    }),
  );
});

test('a place that was given back is used again', () => {
  const arena = new Arena();
  const first = arena.put('a'.repeat(1000)) as Place;
  arena.giveBack(first);
  const second = arena.put('b'.repeat(999)) as Place;
  expect([second.block, second.start]).toEqual([first.block, first.start]);
});

test('a document is read the same in its arena, out of it, and after its place is another’s', () => {
  const arena = new Arena();
  const facts = { namespace: '', name: 'a', labels: {}, fields: {} };
  const document = new KeptDocument({ key: 'a', version: 1n, facts, text: '{"a":"ä"}' });
  const read: string[] = [document.text];
  document.moveInto(arena);
  document.moveInto(arena);
  read.push(document.text);
  document.moveOut(arena);
  document.moveOut(arena);
  arena.put('{"b":"b"}');
  read.push(document.text);
  expect(new Set(read)).toEqual(new Set(['{"a":"ä"}']));
});
