import { ApiError } from '@skiff/api';

/** One line for a person; a Status speaks as kubectl shows it. */
export function describeFailure(error: unknown): string {
  if (error instanceof ApiError) return `Error from server (${error.reason}): ${error.message}`;
  return `skiff: ${error instanceof Error ? error.message : String(error)}`;
}
