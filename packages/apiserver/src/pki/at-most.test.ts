import fc from 'fast-check';
import { expect, test } from 'vitest';
import { atMost } from './at-most.ts';

test('all is done in order, so many at a time, whatever fails', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.boolean(), { maxLength: 20 }),
      async (count, fails) => {
        const limited = atMost(count);
        const begun: number[] = [];
        let running = 0;
        let most = 0;
        const results = await Promise.allSettled(
          fails.map((isFailing, i) =>
            limited(async () => {
              begun.push(i);
              running += 1;
              most = Math.max(most, running);
              await Promise.resolve();
              running -= 1;
              if (isFailing) throw new Error(`${i}`);
              return i;
            }),
          ),
        );
        expect(begun).toEqual(fails.map((_, i) => i));
        expect(most).toBe(Math.min(count, fails.length));
        expect(results.map(({ status }) => status === 'rejected')).toEqual(fails);
      },
    ),
  );
});
