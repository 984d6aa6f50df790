/** A queue between a producer that pushes and one consumer that iterates. */

export interface Channel<T> extends AsyncIterable<T> {
  /** Does nothing once ended. */
  push(value: T): void;
  /** What was pushed is still delivered; then the iteration ends, or throws `error`. */
  end(error?: unknown): void;
  readonly length: number;
}

/** `onReturn` runs when the consumer leaves early (`break`, `throw`). Unbounded: the producer must be bounded by other means. */
export function createChannel<T>(onReturn: () => void = () => {}): Channel<T> {
  const values: T[] = [];
  let ending: { error?: unknown } | undefined;
  let wake: (() => void) | undefined;
  const notify = (): void => {
    wake?.();
    wake = undefined;
  };
  async function* iterate(): AsyncGenerator<T, void, void> {
    try {
      for (;;) {
        const value = values.shift();
        if (value !== undefined) {
          yield value;
        } else if (ending !== undefined) {
          if (ending.error !== undefined) throw ending.error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      ending ??= {};
      values.length = 0;
      onReturn();
    }
  }
  return {
    push(value) {
      if (ending !== undefined) return;
      values.push(value);
      notify();
    },
    end(error) {
      if (ending !== undefined) return;
      ending = error === undefined ? {} : { error };
      notify();
    },
    get length() {
      return values.length;
    },
    [Symbol.asyncIterator]: iterate,
  };
}
