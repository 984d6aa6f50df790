/**
 * Kubernetes errors on gRPC: the reason picks the code, and the whole Status document travels in the trailing metadata, so
 * that a Skiff client gets back exactly what the REST door would have said. Total tables both ways.
 */
import { status as grpc, Metadata, type ServiceError } from '@grpc/grpc-js';
import { ApiError, type Status, type StatusReason, toApiError } from '../errors.ts';

/** Trailing metadata key of the Status document, as JSON. */
export const statusKey = 'skiff-status-bin';

export const grpcCodeOf: Readonly<Record<StatusReason, grpc>> = {
  BadRequest: grpc.INVALID_ARGUMENT,
  Unauthorized: grpc.UNAUTHENTICATED,
  Forbidden: grpc.PERMISSION_DENIED,
  NotFound: grpc.NOT_FOUND,
  AlreadyExists: grpc.ALREADY_EXISTS,
  Conflict: grpc.ABORTED,
  Gone: grpc.OUT_OF_RANGE,
  Expired: grpc.OUT_OF_RANGE,
  Invalid: grpc.INVALID_ARGUMENT,
  MethodNotAllowed: grpc.UNIMPLEMENTED,
  NotAcceptable: grpc.INVALID_ARGUMENT,
  RequestEntityTooLarge: grpc.RESOURCE_EXHAUSTED,
  UnsupportedMediaType: grpc.INVALID_ARGUMENT,
  TooManyRequests: grpc.RESOURCE_EXHAUSTED,
  ServerTimeout: grpc.DEADLINE_EXCEEDED,
  Timeout: grpc.DEADLINE_EXCEEDED,
  ServiceUnavailable: grpc.UNAVAILABLE,
  InternalError: grpc.INTERNAL,
};

/** For errors that carry no Status: other servers, proxies, and the transport itself. */
export const reasonOf: Readonly<Record<number, StatusReason>> = {
  [grpc.CANCELLED]: 'ServiceUnavailable',
  [grpc.UNKNOWN]: 'InternalError',
  [grpc.INVALID_ARGUMENT]: 'BadRequest',
  [grpc.DEADLINE_EXCEEDED]: 'Timeout',
  [grpc.NOT_FOUND]: 'NotFound',
  [grpc.ALREADY_EXISTS]: 'AlreadyExists',
  [grpc.PERMISSION_DENIED]: 'Forbidden',
  [grpc.RESOURCE_EXHAUSTED]: 'TooManyRequests',
  [grpc.FAILED_PRECONDITION]: 'Conflict',
  [grpc.ABORTED]: 'Conflict',
  [grpc.OUT_OF_RANGE]: 'Expired',
  [grpc.UNIMPLEMENTED]: 'MethodNotAllowed',
  [grpc.INTERNAL]: 'InternalError',
  [grpc.UNAVAILABLE]: 'ServiceUnavailable',
  [grpc.DATA_LOSS]: 'InternalError',
  [grpc.UNAUTHENTICATED]: 'Unauthorized',
};

/** What a handler gives to grpc-js' callback, or emits on a stream. */
export interface GrpcFailure {
  readonly code: grpc;
  readonly details: string;
  readonly metadata: Metadata;
}

/** Any thrown value as a gRPC failure. */
export function toGrpcFailure(error: unknown): GrpcFailure {
  const { status } = toApiError(error);
  const metadata = new Metadata();
  metadata.set(statusKey, Buffer.from(JSON.stringify(status)));
  return { code: grpcCodeOf[status.reason ?? 'InternalError'], details: status.message ?? '', metadata };
}

/** A failure that a client met, as the ApiError the server threw; a transport's own faults become ServiceUnavailable or Timeout. */
export function fromGrpcFailure(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const { code, details, metadata, message } = error as Partial<ServiceError>;
  const [carried] = metadata?.get(statusKey) ?? [];
  const status = carried === undefined ? undefined : parseStatus(carried);
  if (status?.reason !== undefined)
    return new ApiError(status.reason, status.message ?? '', status.details, { cause: error, code: status.code });
  return new ApiError(
    reasonOf[code ?? grpc.UNKNOWN] ?? 'InternalError',
    details ?? message ?? String(error),
    undefined,
    { cause: error },
  );
}

function parseStatus(carried: Buffer | string): Status | undefined {
  try {
    return JSON.parse(carried.toString()) as Status;
  } catch {
    return undefined;
  }
}
