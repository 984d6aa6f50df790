import { ApiError } from '@skiff/api';

/** For a person, in the form kubectl has: a Status that a server sent, or why it could not be asked. */
export function describeFailure(error: unknown): string {
  if (error instanceof ApiError) return `Error from server (${error.reason}): ${error.message}`;
  return `error: ${error instanceof Error ? error.message : String(error)}`;
}

/** Tells of a failure that does not end the command, which fails all the same. */
export function reportFailure(error: unknown): void {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exitCode = 1;
}
