/** What controllers ask about errors. Pure. */
import { isReason } from '@skiff/api';

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The namespace is being deleted and takes nothing new: nothing to report, nothing to retry. */
export function isNamespaceTerminating(error: unknown): boolean {
  return (
    isReason(error, 'Forbidden') &&
    (error.status.details?.causes ?? []).some((cause) => cause.reason === 'NamespaceTerminating')
  );
}

/** The cache lags behind a write or a deletion: nobody's fault, and healed by coming back. */
export const isOrdinary = (error: unknown): boolean =>
  isReason(error, 'Conflict', 'NotFound') || isNamespaceTerminating(error);

/** For `.catch`: the object is gone already, which is what was wanted or needs nothing. */
export function ignoreGone(error: unknown): undefined {
  if (isReason(error, 'NotFound')) return undefined;
  throw error;
}

/** For `.catch` of a delete guarded by uid: gone, or another object has its name. */
export function ignoreGoneOrReplaced(error: unknown): undefined {
  if (isReason(error, 'NotFound', 'Conflict')) return undefined;
  throw error;
}
