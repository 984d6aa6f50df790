/** One REST request from its first byte to its last: what it is about, the chain, the work, the answer. */
import { ApiError, badRequest, type Clock, isReason, type Logger, toApiError } from '@skiff/api';
import type { Attributes } from '../chain/attributes.ts';
import { type Credentials, showsNothing } from '../chain/authenticate.ts';
import type { Chain } from '../chain/chain.ts';
import { requestTimeoutMs as maxTimeoutMs } from '../chain/chain.ts';
import { type Classification, seatsFor } from '../chain/flow/flow-control.ts';
import type { Impersonation } from '../chain/impersonate.ts';
import type { Registry, RequestContext } from '../registry/contract.ts';
import { pathNotFound } from './encode.ts';
import { type Exchange, header } from './exchange.ts';
import type { Metrics, RequestLabels } from './metrics.ts';
import type { ServePath } from './paths.ts';
import { requestTimeoutMs, routing } from './query.ts';
import { type RequestInfo, requestInfo } from './request-info.ts';
import { isLongRunning, type ResourceParts, serveResource } from './resources.ts';
import { respondError } from './respond.ts';

/** More header fields than this are a 431: each costs memory before anyone is authenticated. */
export const maxHeaderFields = 1000;
/** Go's own limit, and so Kubernetes'. */
export const maxHeaderBytes = 1024 * 1024;

/** Subresources that are streams. They are authorised as `create`, however they are asked for: a GET that runs a command is no read. */
export const streamSubresources: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward']);

/** Serves subresources that are no documents: `pods/log`. Answers false for every other. */
export type ServeStream = (
  exchange: Exchange,
  context: RequestContext,
  info: Extract<RequestInfo, { type: 'resource' }>,
) => Promise<boolean>;

/** Hands requests on that another server answers. Answers false for every other. */
export type ServeElsewhere = (
  exchange: Exchange,
  context: RequestContext,
  info: Extract<RequestInfo, { type: 'resource' | 'path' }>,
) => Promise<boolean>;

export interface HandlerParts {
  readonly chain: Chain;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly resources: ResourceParts;
  readonly paths: ServePath;
  readonly streams: ServeStream;
  readonly elsewhere: ServeElsewhere;
}

export interface Identity {
  readonly credentials: Credentials;
  readonly impersonation: () => Impersonation | undefined;
  readonly headerFields: number;
  readonly headerBytes: number;
}

export const infoOf = (exchange: Pick<Exchange, 'method' | 'path' | 'query'>): RequestInfo =>
  requestInfo(exchange.method, exchange.path, routing(exchange.query));

/** In RBAC a namespace lies in itself. Stream subresources are `create`. */
export function attributesOf(info: Extract<RequestInfo, { type: 'resource' | 'path' }>): Attributes {
  if (info.type === 'path') return info;
  const { target } = info;
  const isNamespace = target.group === '' && target.resource === 'namespaces';
  return {
    ...target,
    type: 'resource',
    verb: streamSubresources.has(target.subresource) ? 'create' : info.verb,
    namespace: isNamespace ? target.name : target.namespace,
    name: info.authorisedName,
  };
}

/** Streams live on upgraded connections alone: a plain request for one is a mistake, whatever its method. */
const isStream = ({ target }: Extract<RequestInfo, { type: 'resource' }>): boolean =>
  target.group === '' && target.resource === 'pods' && streamSubresources.has(target.subresource);

export type Handler = (exchange: Exchange, identity: Identity) => Promise<void>;

/** Makes the handler of both protocols. It never throws: every fault becomes an answer, or cuts one that has begun. */
export function createHandler(parts: HandlerParts): Handler {
  const dispatch = async (exchange: Exchange, identity: Identity, info: RequestInfo): Promise<void> => {
    if (identity.headerFields > maxHeaderFields || identity.headerBytes > maxHeaderBytes) throw headersTooLarge();
    if (info.type === 'bad') throw info.badName ? new ApiError('BadRequest', info.reason) : pathNotFound();
    const longRunning = info.type === 'resource' && isLongRunning(info);
    const call = {
      credentials: identity.credentials,
      impersonation: identity.impersonation(),
      attributes: attributesOf(info),
      longRunning,
      seats: seatsOf(parts.registry, exchange, info),
      timeoutMs: longRunning ? maxTimeoutMs : requestTimeoutMs(exchange.query, maxTimeoutMs),
      userAgent: header(exchange, 'user-agent') ?? '',
      signal: exchange.signal,
      warn: (text: string) => void exchange.warnings.push(text),
      classified: ({ schemaUid, levelUid }: Classification) => {
        exchange.response.setHeader('X-Kubernetes-PF-FlowSchema-UID', schemaUid);
        exchange.response.setHeader('X-Kubernetes-PF-PriorityLevel-UID', levelUid);
      },
    };
    await parts.chain(call, async (context) => {
      if (await parts.elsewhere(exchange, context, info)) return;
      if (info.type === 'path') {
        if (info.verb !== 'get' && info.verb !== 'head') throw methodNotAllowed();
        await parts.paths(exchange);
      } else if (isStream(info)) throw badRequest('Upgrade request required');
      else if (!(await parts.streams(exchange, context, info)))
        await serveResource(parts.resources, exchange, context, info);
    });
  };

  return async (exchange, identity) => {
    const startMs = parts.clock.now();
    const info = infoOf(exchange);
    const labels = labelsOf(parts.registry, info);
    const longRunning = info.type === 'resource' && isLongRunning(info);
    const ended = longRunning ? parts.metrics.longRunning(labels) : undefined;
    try {
      // Many requests over one connection are for those who are known (CVE-2023-44487).
      if (exchange.httpVersionMajor === 2 && showsNothing(identity.credentials)) exchange.endConnection();
      await dispatch(exchange, identity, info);
    } catch (error) {
      if (exchange.httpVersionMajor === 2 && isReason(error, 'Unauthorized')) exchange.endConnection();
      answerFault(parts.logger, exchange, error);
    } finally {
      ended?.();
      const seconds = longRunning ? undefined : (parts.clock.now() - startMs) / 1000;
      parts.metrics.observe(labels, { code: exchange.response.statusCode, seconds });
    }
  };
}

/** A list costs what it may read; everything else is one object. */
function seatsOf(registry: Registry, exchange: Exchange, info: RequestInfo): number {
  if (info.type !== 'resource' || info.verb !== 'list') return 1;
  const limit = Number(exchange.query.get('limit') ?? 0);
  return seatsFor(Math.min(registry.size(info.target), limit > 0 ? limit : Number.POSITIVE_INFINITY));
}

export const methodNotAllowed = (): ApiError =>
  new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource');

const headersTooLarge = (): ApiError => {
  const why = `the request has more than ${maxHeaderFields} header fields, or more than ${maxHeaderBytes} bytes of them`;
  return new ApiError('RequestEntityTooLarge', why, undefined, { code: 431 });
};

function answerFault(logger: Logger, exchange: Exchange, error: unknown): void {
  // The client left: there is nobody to tell.
  if (exchange.response.destroyed || (exchange.signal.aborted && error === exchange.signal.reason)) {
    exchange.response.destroy();
    return;
  }
  const fault = toApiError(error);
  // Some 500s are Kubernetes' own answers; the others have a cause.
  if (fault.reason === 'InternalError' && fault.cause !== undefined)
    logger.error({ err: error, method: exchange.method, path: exchange.path.slice(0, 1024) }, 'a request failed');
  respondError(exchange, fault);
}

/** Only names that are served become labels. */
function labelsOf(registry: Registry, info: RequestInfo): RequestLabels {
  const other = {
    verb: info.type === 'path' ? info.verb : '',
    group: '',
    version: '',
    resource: '',
    subresource: '',
    scope: '',
  };
  if (info.type !== 'resource')
    return {
      ...other,
      verb: ['get', 'head', 'post', 'put', 'patch', 'delete'].includes(other.verb) ? other.verb : 'other',
    };
  const { target, verb } = info;
  const definition = registry.definition(target.group, target.version, target.resource);
  if (definition === undefined) return { ...other, verb };
  const subresource = definition.subresources.some((one) => one.name === target.subresource) ? target.subresource : '';
  const scope = target.name !== '' ? 'resource' : target.namespace !== '' ? 'namespace' : 'cluster';
  return { verb, group: target.group, version: target.version, resource: target.resource, subresource, scope };
}
