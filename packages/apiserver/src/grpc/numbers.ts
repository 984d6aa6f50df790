/** 64-bit numbers of messages, which arrive as text. Limits and durations all lie far below 2^53; what does not is held there. */

export const int64 = (text: string): number =>
  Math.max(Math.min(Number(text), Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER) || 0;

export const optionalInt64 = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : int64(text);
