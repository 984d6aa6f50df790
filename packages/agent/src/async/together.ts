/** Runs the parts of a whole: the first that fails ends the others. */

/** Resolves when all parts have ended; rejects, once they have, with the first failure. */
export async function together(
  signal: AbortSignal,
  ...parts: readonly ((signal: AbortSignal) => Promise<void>)[]
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  let first: { readonly error: unknown } | undefined;
  const run = async (part: (signal: AbortSignal) => Promise<void>): Promise<void> => {
    try {
      await part(either);
    } catch (error) {
      if (either.aborted) return;
      first = { error };
      failed.abort(error);
    }
  };
  await Promise.all(parts.map(run));
  if (first !== undefined) throw first.error;
}
