/** How long a thread's event loop stands still, in CPU time: a busy machine makes a wait longer, but no turn. For tests only. */

const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

/** Starts to watch this thread; the result stops, and answers the CPU milliseconds of the longest turn meanwhile. */
export function watchTurns(): () => number {
  let isOver = false;
  let longest = 0;
  let before = cpuMs();
  const turn = (): void => {
    const now = cpuMs();
    longest = Math.max(longest, now - before);
    before = now;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    isOver = true;
    return Math.max(longest, cpuMs() - before);
  };
}
