/** When who was refused may come again: longer while many are (apiserver's droppedRequestsTracker). */

export interface RetryAfter {
  /** One more was refused. Returns the seconds it is told to wait. */
  refused(nowMs: number): number;
}

const maxSeconds = 32;

export function createRetryAfter(): RetryAfter {
  let seconds = 1;
  let raisedAt = 0;
  let current = { at: 0, refused: 0 };
  let history: { readonly at: number; readonly refused: number }[] = [];

  const adjust = (now: number): void => {
    const recent = history.filter(({ at }) => now - at <= seconds && at < now);
    const refused = recent.reduce((sum, each) => sum + each.refused, 0);
    if (now - raisedAt >= seconds && refused >= 3 * seconds) {
      seconds = Math.min(2 * seconds, maxSeconds);
      raisedAt = now;
    } else if (refused < seconds && seconds > 1) seconds--;
  };

  return {
    refused(nowMs) {
      const now = Math.floor(nowMs / 1000);
      if (current.at === now) {
        current.refused++;
        return seconds;
      }
      const kept = Math.min(2 * seconds, maxSeconds);
      const last = current;
      history = [...history, last].filter(({ at }) => last.at - at <= kept);
      current = { at: now, refused: 1 };
      adjust(now);
      return seconds;
    },
  };
}
