/** Lets every promise that can settle without a timer or the network do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
