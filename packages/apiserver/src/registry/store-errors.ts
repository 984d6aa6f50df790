/** What a keeper's fault means to a client. */
import { ApiError, alreadyExists, conflict, expired, notFound, type ResourceName } from '@skiff/api';
import { isStoreError } from '../storage/contract.ts';

/** Kubernetes' words for a lost race (registry.OptimisticLockErrorMsg). */
export const staleVersion =
  'the object has been modified; please apply your changes to the latest version and try again';

/** The ApiError of a store's fault; anything else is returned as it is. */
export function translated(error: unknown, of: ResourceName, name: string): unknown {
  if (!isStoreError(error)) return error;
  switch (error.code) {
    case 'exists':
      return alreadyExists(of, name);
    case 'missing':
      return notFound(of, name);
    case 'conflict':
      return conflict(of, name, staleVersion);
    case 'compacted':
      return expired('The resourceVersion for the provided list is too old.');
    case 'future':
      return tooLargeResourceVersion(error.message);
    case 'too-large':
      return new ApiError('RequestEntityTooLarge', `Request entity too large: ${error.message}`, undefined, {
        cause: error,
      });
    case 'unknown-outcome':
      return new ApiError(
        'Timeout',
        'Timeout: request did not complete within requested timeout, it may or may not have happened',
        undefined,
        { cause: error },
      );
    case 'unavailable':
      return new ApiError(
        'ServiceUnavailable',
        `the store is not available: ${error.message}`,
        { retryAfterSeconds: 1 },
        { cause: error },
      );
  }
}

/** 504 with the cause that clients look for before they try again. */
export function tooLargeResourceVersion(message: string): ApiError {
  return new ApiError('Timeout', `Timeout: ${message}`, {
    retryAfterSeconds: 1,
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
  });
}

/** Runs `work` and throws what `translated` makes of its fault. */
export async function translating<T>(of: ResourceName, name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translated(error, of, name);
  }
}
