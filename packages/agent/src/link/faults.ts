/** What went wrong on a node, as the Kubernetes Status that the client gets. */
import { ApiError, toApiError } from '@skiff/api';
import { isRuntimeError } from '../runtime/contract.ts';

/** Any thrown value as an ApiError. The engine's own words are kept: they are what helps. */
export function faultOf(error: unknown): ApiError {
  if (isRuntimeError(error, 'notFound', 'notRunning')) return new ApiError('NotFound', error.message);
  if (isRuntimeError(error, 'unavailable')) return new ApiError('ServiceUnavailable', error.message);
  if (isRuntimeError(error, 'invalid')) return new ApiError('BadRequest', error.message);
  if (error instanceof ApiError) return error;
  if (error instanceof Error) return new ApiError('InternalError', error.message, undefined, { cause: error });
  return toApiError(error);
}

/** JSON of a Status. */
export const statusJson = (error: unknown): string => JSON.stringify(faultOf(error).status);
