/** A webhook's refusal (apiserver's webhook/errors ToStatusErr). */
import { ApiError, type JsonObject, type StatusReason } from '@skiff/api';
import { numberAt, textAt } from '../../patch/values.ts';

const reasonOfCode: Readonly<Record<number, StatusReason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** The refusal in Kubernetes' words, with the code and reason that the webhook chose. */
export function webhookDenied(name: string, result: JsonObject | undefined): ApiError {
  const by = `admission webhook ${JSON.stringify(name)} denied the request`;
  const message = textAt(result ?? {}, 'message');
  const reason = textAt(result ?? {}, 'reason');
  const given = numberAt(result ?? {}, 'code') ?? 0;
  const code = given >= 400 && given < 600 ? given : 400;
  const text = message !== '' ? `${by}: ${message}` : reason !== '' ? `${by}: ${reason}` : `${by} without explanation`;
  const known = Object.values(reasonOfCode).find((each) => each === reason);
  return new ApiError(known ?? reasonOfCode[code] ?? 'BadRequest', text, undefined, { code });
}
