/** Flow control of one stream as arithmetic: what a sender may still send, and when a receiver gives credit back. */

/** Unacknowledged bytes that a sender may have outstanding on one stream (nodes.proto). */
export const windowBytes = 256 * 1024;
/** The largest data frame. */
export const maxFrameBytes = 64 * 1024;
/** Credit is given back in steps of this, so that a slow trickle does not cost a frame each. */
export const creditStepBytes = 64 * 1024;

/** Room after credit for `bytes`. A peer that gives back more than was sent gains nothing. */
export const refill = (room: number, bytes: number): number => Math.min(room + Math.max(0, bytes), windowBytes);

/** The receiver's side. `held`: bytes that arrived and are not yet acknowledged; `consumed`: those of them that were used up. */
export interface Receipt {
  readonly held: number;
  readonly consumed: number;
}

export const noReceipt: Receipt = { held: 0, consumed: 0 };

/** After `bytes` arrived; undefined when the sender had no right to send them. */
export function arrived({ held, consumed }: Receipt, bytes: number): Receipt | undefined {
  return held + bytes > windowBytes ? undefined : { held: held + bytes, consumed };
}

/** After `bytes` were used up, with the credit to give back now: 0 for none yet. */
export function used({ held, consumed }: Receipt, bytes: number): { receipt: Receipt; credit: number } {
  const total = consumed + bytes;
  if (total < creditStepBytes) return { receipt: { held, consumed: total }, credit: 0 };
  return { receipt: { held: held - total, consumed: 0 }, credit: total };
}

/** The pieces to send `data` in. */
export function* frames(data: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < data.length; at += maxFrameBytes) yield data.subarray(at, at + maxFrameBytes);
}
