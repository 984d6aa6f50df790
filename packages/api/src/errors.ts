/**
 * The one error type that crosses components: a Kubernetes `Status` that can be thrown.
 * Codes and reasons are those of apimachinery's meta/v1 `StatusReason`.
 */

import { goValue, omitted } from './algebra/go-text.ts';

export type StatusReason =
  | 'BadRequest'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Expired'
  | 'Invalid'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'TooManyRequests'
  | 'ServerTimeout'
  | 'Timeout'
  | 'ServiceUnavailable'
  | 'InternalError';

/** Why one field was refused; `reason` is a `metav1.CauseType` such as FieldValueInvalid. */
export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  /** `continue` stands in a 410 to a list: the token to go on with, from the newest state. */
  metadata: { continue?: string };
  status: 'Success' | 'Failure';
  message?: string;
  reason?: StatusReason;
  details?: StatusDetails;
  code: number;
}

/** The HTTP code of each reason; the gRPC door has its own total table. */
export const httpCodeOf: Readonly<Record<StatusReason, number>> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServerTimeout: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
};

export class ApiError extends Error {
  readonly status: Status;

  constructor(
    /** Nothing for a failure that Kubernetes tells in its own words only: a 500. */
    reason: StatusReason | undefined,
    message: string,
    details?: StatusDetails,
    options?: { cause?: unknown; code?: number },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ApiError';
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason === undefined ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code: options?.code ?? httpCodeOf[reason ?? 'InternalError'],
    };
  }

  get reason(): StatusReason {
    return this.status.reason ?? 'InternalError';
  }
}

/** Names the collection an error is about, for its message and details. */
export interface ResourceName {
  readonly group: string;
  readonly resource: string;
}

/** `deployments.apps`, or `pods` for core: how Kubernetes names a resource in messages. */
export function qualifiedResource(of: ResourceName): string {
  return of.group === '' ? of.resource : `${of.resource}.${of.group}`;
}

const about = (of: ResourceName, name: string, causes?: StatusCause[]): StatusDetails => ({
  name,
  ...(of.group === '' ? {} : { group: of.group }),
  kind: of.resource,
  ...(causes === undefined ? {} : { causes }),
});

export const notFound = (of: ResourceName, name: string): ApiError =>
  new ApiError('NotFound', `${qualifiedResource(of)} "${name}" not found`, about(of, name));

export const alreadyExists = (of: ResourceName, name: string): ApiError =>
  new ApiError('AlreadyExists', `${qualifiedResource(of)} "${name}" already exists`, about(of, name));

/** Optimistic concurrency failed: the caller's version is not the stored one. */
export const conflict = (of: ResourceName, name: string, why: string): ApiError =>
  new ApiError(
    'Conflict',
    `Operation cannot be fulfilled on ${qualifiedResource(of)} "${name}": ${why}`,
    about(of, name),
  );

export const badRequest = (message: string): ApiError => new ApiError('BadRequest', message);

/** `of` without a resource: a path. */
export const forbidden = (of: ResourceName, name: string, why: string): ApiError =>
  new ApiError(
    'Forbidden',
    of.resource === ''
      ? `forbidden: ${why}`
      : `${qualifiedResource(of)}${name === '' ? '' : ` "${name}"`} is forbidden: ${why}`,
    about(of, name),
  );

export const expired = (message: string): ApiError => new ApiError('Expired', message);

export const internal = (error: unknown): ApiError =>
  new ApiError(
    'InternalError',
    `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`,
    undefined,
    {
      cause: error,
    },
  );

/** An object with thousands of faults is as wrong as one with these. */
const maxCauses = 1000;

/** 422 with a cause for each field; `kind` is `Deployment` style, as Kubernetes words it. */
export function invalid(of: { group: string; kind: string }, name: string, all: readonly FieldError[]): ApiError {
  const subject = of.group === '' ? of.kind : `${of.kind}.${of.group}`;
  const causes = all.slice(0, maxCauses);
  // Every fault is a cause, but one that is found twice is told once.
  const texts = [...new Set(causes.map((cause) => `${cause.field}: ${cause.message}`))];
  if (all.length > causes.length) texts.push(`and ${all.length - causes.length} more`);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return new ApiError('Invalid', `${subject} "${name}" is invalid: ${list}`, {
    name,
    ...(of.group === '' ? {} : { group: of.group }),
    kind: of.kind,
    causes: causes.map((cause) => ({ reason: cause.reason, message: cause.message, field: cause.field })),
  });
}

/** One fault of one field. `message` already names the bad value, as apimachinery's field.Error does. */
export interface FieldError {
  readonly reason: FieldErrorReason;
  /** Dotted path with indexes: `spec.containers[0].image`. */
  readonly field: string;
  readonly message: string;
}

export type FieldErrorReason =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError';

/** A value is told back up to here: a refusal must not be longer than what it refuses. */
const maxQuoted = 64 * 1024;

function quoted(value: unknown): string {
  const text = goValue(value);
  return text.length <= maxQuoted ? text : `${text.slice(0, maxQuoted)}...`;
}

/** Makers of field faults, worded as apimachinery's `field` package words them. */
export const field = {
  required: (path: string, detail = ''): FieldError => ({
    reason: 'FieldValueRequired',
    field: path,
    message: detail === '' ? 'Required value' : `Required value: ${detail}`,
  }),
  invalid: (path: string, value: unknown, detail: string): FieldError => ({
    reason: 'FieldValueInvalid',
    field: path,
    message: ['Invalid value', ...(value === omitted ? [] : [quoted(value)]), ...(detail === '' ? [] : [detail])].join(
      ': ',
    ),
  }),
  typeInvalid: (path: string, value: unknown, detail: string): FieldError => ({
    reason: 'FieldValueTypeInvalid',
    field: path,
    message: `Invalid value: ${quoted(value)}: ${detail}`,
  }),
  duplicate: (path: string, value: unknown): FieldError => ({
    reason: 'FieldValueDuplicate',
    field: path,
    message: `Duplicate value: ${quoted(value)}`,
  }),
  notFound: (path: string, value: unknown): FieldError => ({
    reason: 'FieldValueNotFound',
    field: path,
    message: `Not found: ${quoted(value)}`,
  }),
  notSupported: (path: string, value: unknown, supported: readonly string[]): FieldError => ({
    reason: 'FieldValueNotSupported',
    field: path,
    message: `Unsupported value: ${quoted(value)}: supported values: ${supported.map(quoted).join(', ')}`,
  }),
  forbidden: (path: string, detail: string): FieldError => ({
    reason: 'FieldValueForbidden',
    field: path,
    message: `Forbidden: ${detail}`,
  }),
  tooLong: (path: string, maxBytes: number): FieldError => ({
    reason: 'FieldValueTooLong',
    field: path,
    message: `Too long: may not be more than ${maxBytes} bytes`,
  }),
  tooMany: (path: string, actual: number, max: number): FieldError => ({
    reason: 'FieldValueTooMany',
    field: path,
    message: `Too many: ${actual}: must have at most ${max} items`,
  }),
} as const;

/** True when `error` is an ApiError of one of the reasons. */
export function isReason(error: unknown, ...reasons: StatusReason[]): error is ApiError {
  return error instanceof ApiError && reasons.includes(error.reason);
}

/** Any thrown value as an ApiError; what is not one becomes InternalError, with its cause kept. */
export function toApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : internal(error);
}
