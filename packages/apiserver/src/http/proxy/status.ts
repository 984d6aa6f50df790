import type { IncomingMessage } from 'node:http';
import { ApiError } from '@skiff/api';

/** An answer's status, for the client. Throws ApiError ServiceUnavailable for one that HTTP/2 cannot carry, and lets go of the answer. */
export function answerStatus(answer: IncomingMessage): number {
  const { statusCode = 0 } = answer;
  if (statusCode >= 200 && statusCode <= 599) return statusCode;
  answer.destroy();
  throw new ApiError('ServiceUnavailable', `error trying to reach service: malformed HTTP status code "${statusCode}"`);
}
