/** How long a thread's event loop stands still, in CPU time: a busy machine makes a wait longer, but no turn. For tests only. */

const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

const text = JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ({ name: `item-${i}`, value: String(i) })));

/** What `rounds` of reading and writing `text` take on the machine that the limits are for. */
const standardMs = 30;
const rounds = 5;

/** How many times slower than the standard this thread is now: its core may be shared with another that is busy. At least 1. */
function slowness(): number {
  const before = cpuMs();
  for (let i = 0; i < rounds; i++) JSON.stringify(JSON.parse(text));
  return Math.max(1, (cpuMs() - before) / standardMs);
}

/** Starts to watch this thread; the result stops, and answers the CPU milliseconds of the longest turn meanwhile, as the standard machine's. */
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
    return Math.max(longest, cpuMs() - before) / slowness();
  };
}
