import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Rounds } from './rounds.ts';

test('each member comes once a round, and no turn has more than its share', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(50), fc.nat(20), (turns, count, skipped) => {
      const rounds = new Rounds<number>(turns);
      for (let member = 0; member < count; member += 1) rounds.add(member);
      for (let turn = 0; turn < skipped; turn += 1) rounds.next();
      const round = Array.from({ length: turns }, () => [...rounds.next()]);
      expect(round.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, member) => member));
      for (const turn of round) expect(turn.length).toBeLessThanOrEqual(Math.ceil(count / turns));
    }),
  );
});

test('who has left does not come again', () => {
  const rounds = new Rounds<string>(1);
  const leave = rounds.add('a');
  rounds.add('b');
  leave();
  expect([...rounds.next()]).toEqual(['b']);
});
