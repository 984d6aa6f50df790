/** Values from one who has them to one who awaits them; what is pushed before anybody reads waits. */
export interface Pipe<T> {
  push(value: T): void;
  /** Nothing more comes after what waits. */
  end(): void;
  /** The reader throws `error` after what waits. */
  fail(error: unknown): void;
  readonly output: AsyncIterable<T>;
}

/** `onClose` runs when the reader stops reading. */
export function createPipe<T>(onClose: () => void): Pipe<T> {
  const waiting: T[] = [];
  let outcome: { readonly error?: unknown } | undefined;
  let wake: (() => void) | undefined;
  const finish = (how: { readonly error?: unknown }): void => {
    outcome ??= how;
    wake?.();
  };
  async function* read(): AsyncIterable<T> {
    try {
      for (;;) {
        const value = waiting.shift();
        if (value !== undefined) yield value;
        else if (outcome === undefined) {
          const { promise, resolve } = Promise.withResolvers<void>();
          wake = resolve;
          await promise;
        } else if ('error' in outcome) throw outcome.error;
        else return;
      }
    } finally {
      onClose();
    }
  }
  return {
    push(value) {
      if (outcome !== undefined) return;
      waiting.push(value);
      wake?.();
    },
    end: () => finish({}),
    fail: (error) => finish({ error }),
    output: read(),
  };
}
