/** The calls that a door has open. One listener ends them all with the server: `AbortSignal.any` for each would cost several times as much. */
export interface OpenCalls {
  /** A new call's controller; aborted already when the server is ending. */
  open(): AbortController;
  /** The call is over: the server's end is no matter to it any more. */
  close(call: AbortController): void;
}

/** Calls that abort with the reason of `ending`. */
export function createOpenCalls(ending: AbortSignal): OpenCalls {
  const calls = new Set<AbortController>();
  ending.addEventListener(
    'abort',
    () => {
      for (const call of calls) call.abort(ending.reason);
    },
    { once: true },
  );
  return {
    open() {
      const call = new AbortController();
      if (ending.aborted) call.abort(ending.reason);
      else calls.add(call);
      return call;
    },
    close: (call) => void calls.delete(call),
  };
}
