/** Work that many ask for at once is done once. */

/** Makes a function whose callers get the result of the work that is under way, and start it when none is. */
export function shared<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= work().finally(() => (running = undefined));
    return running;
  };
}
