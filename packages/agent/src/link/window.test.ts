import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';
import { arrived, frames, maxFrameBytes, noReceipt, type Receipt, refill, used, windowBytes } from './window.ts';

describe('a window', () => {
  it('never stalls and never overruns, whatever is sent and used in whatever steps', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(maxFrameBytes), fc.nat(maxFrameBytes)), { maxLength: 200 }), (steps) => {
        let room = windowBytes;
        let unused = 0;
        let receipt: Receipt = noReceipt;
        for (const [send, use] of steps) {
          const sent = Math.min(send, room);
          room -= sent;
          unused += sent;
          const next = arrived(receipt, sent);
          expect(next).toBeDefined();
          receipt = next ?? receipt;
          const taken = Math.min(use, unused);
          unused -= taken;
          const after = used(receipt, taken);
          receipt = after.receipt;
          room = refill(room, after.credit);
          expect(receipt.held).toBe(windowBytes - room);
        }
        const after = used(receipt, unused);
        // With everything used, a whole frame can be sent.
        expect(refill(room, after.credit)).toBeGreaterThanOrEqual(maxFrameBytes);
      }),
    );
  });

  it('refuses one byte more than it has room for', () => {
    const full = arrived(noReceipt, windowBytes);
    expect(full).toBeDefined();
    expect(arrived(full ?? noReceipt, 1)).toBeUndefined();
  });

  it.each([
    [0, 10, 10],
    [windowBytes, 10, windowBytes],
    [5, -10, 5],
    [5, 4_294_967_295, windowBytes],
  ])('with room %i and credit %i has room %i', (room, credit, expected) => {
    expect(refill(room, credit)).toBe(expected);
  });
});

it.each([
  [0, []],
  [1, [1]],
  [maxFrameBytes, [maxFrameBytes]],
  [maxFrameBytes + 1, [maxFrameBytes, 1]],
])('%i bytes go in frames of %j', (bytes, expected) => {
  expect([...frames(new Uint8Array(bytes))].map((one) => one.length)).toEqual(expected);
});

it.each([
  [0, 0, 250],
  [1, 0, 250],
  [2, 0, 500],
  [6, 0, 7500],
  [1e6, 0.999_999, 15_000],
])('after %i failures, with chance %d, waits about %i ms', (failures, random, expected) => {
  expect(Math.round(backoffMs(failures, random))).toBe(expected);
});
