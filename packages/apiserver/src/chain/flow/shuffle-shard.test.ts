import fc from 'fast-check';
import { expect, it } from 'vitest';
import { deal, hashOfFlow } from './shuffle-shard.ts';

it('deals a hand of different cards of the deck, always the same to a hash', () => {
  const shapes = fc
    .integer({ min: 1, max: 512 })
    .chain((deck) => fc.record({ deck: fc.constant(deck), hand: fc.integer({ min: 1, max: Math.min(deck, 10) }) }));
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 64n - 1n), shapes, (hash, { deck, hand }) => {
      const cards = deal(hash, deck, hand);
      expect(new Set(cards).size).toBe(hand);
      expect(cards.every((card) => card >= 0 && card < deck)).toBe(true);
      expect(deal(hash, deck, hand)).toEqual(cards);
    }),
  );
});

it('reaches every hand: the hashes below the number of hands give each of them once', () => {
  const hands = new Set(Array.from({ length: 60 }, (_, hash) => deal(BigInt(hash), 5, 3).join()));
  expect(hands.size).toBe(60);
});

it('tells flows apart by schema and by distinguisher', () => {
  const hashes = new Set([hashOfFlow('a', 'b'), hashOfFlow('ab', ''), hashOfFlow('', 'ab'), hashOfFlow('a', 'c')]);
  expect(hashes.size).toBe(4);
});
