/** Docker's failures as the seam's. Pure. */
import { RuntimeError, type RuntimeErrorCode } from '../contract.ts';

interface HttpFailure {
  readonly statusCode: number;
  readonly message: string;
}

/** What docker-modem throws for an answer with an error code; undefined for any other failure. */
function httpFailure(error: unknown): HttpFailure | undefined {
  if (!(error instanceof Error)) return undefined;
  const statusCode: unknown = Reflect.get(error, 'statusCode');
  return typeof statusCode === 'number' ? { statusCode, message: engineMessage(error) } : undefined;
}

/** The engine's own words, without docker-modem's `(HTTP code 404) no such container - ` before them. */
function engineMessage(error: Error): string {
  const json: unknown = Reflect.get(error, 'json');
  const said: unknown = typeof json === 'object' && json !== null ? Reflect.get(json, 'message') : undefined;
  const text = typeof said === 'string' ? said : error.message.replace(/^\(HTTP code \d+\) [^-]* - /, '');
  return text.trim();
}

/** `codes` says what an HTTP code means for this call; the rest is `internal`, and no answer at all `unavailable`. */
export function toRuntimeError(error: unknown, codes: Readonly<Record<number, RuntimeErrorCode>> = {}): RuntimeError {
  if (error instanceof RuntimeError) return error;
  const failure = httpFailure(error);
  if (failure !== undefined) {
    const code = codes[failure.statusCode] ?? (failure.statusCode === 404 ? 'notFound' : 'internal');
    return new RuntimeError(code, failure.message, { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new RuntimeError('unavailable', `the Docker engine does not answer: ${message}`, { cause: error });
}
