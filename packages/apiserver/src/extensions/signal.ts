/** Wakes one loop: however often it is called, the loop runs once more. */
export interface WakeUp {
  call(): void;
  /** Resolves when somebody called since the last time, or the signal aborted. */
  wait(signal: AbortSignal): Promise<void>;
}

export function createWakeUp(): WakeUp {
  let isCalled = false;
  let wake = (): void => {};
  return {
    call() {
      isCalled = true;
      wake();
    },
    async wait(signal) {
      if (!isCalled && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
      }
      isCalled = false;
    },
  };
}
