/**
 * What a REST request is about, from its method and URL alone. The rules are those of apiserver's RequestInfo
 * (kubernetes/apiserver, pkg/endpoints/request/requestinfo.go), with a stricter path: what is authorised is, segment by segment,
 * what is executed, so a path that could be read in two ways (empty segments, an encoded slash, NUL) has no resource.
 */
import type { Target } from '../registry/contract.ts';

export type RequestVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection' | '';

/** A request below `/api/v1` or `/apis/<group>/<version>`. */
export interface ResourceRequest {
  readonly type: 'resource';
  /** Empty when the method has no verb (OPTIONS, TRACE): answered 405. */
  readonly verb: RequestVerb;
  readonly target: Target;
  /** The object's name as RBAC's resourceNames sees it: the path's, or for a list or watch the one `metadata.name` selects. */
  readonly authorisedName: string;
  /** The path as it came, without the query. */
  readonly path: string;
  /** What follows `proxy` in the path of such a subresource, as it came: `` or `/…`. Undefined for everything else. */
  readonly proxyPath?: string;
}

/** Everything else: discovery, health, metrics, OpenAPI, unknown paths. */
export interface PathRequest {
  readonly type: 'path';
  /** The method in lower case, as RBAC's nonResourceURLs rules name it. */
  readonly verb: string;
  readonly path: string;
}

/** A path that names no single thing. `name` carries Kubernetes' reason when only the object's name was bad (400), else 404. */
export interface BadPath {
  readonly type: 'bad';
  readonly path: string;
  readonly reason: string;
  readonly badName: boolean;
}

export type RequestInfo = ResourceRequest | PathRequest | BadPath;

const verbOfMethod = new Map<string, RequestVerb>([
  ['POST', 'create'],
  ['GET', 'get'],
  ['HEAD', 'get'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
]);

/** Below `namespaces/<name>/`, these are subresources of the namespace itself and not collections inside it. */
const namespaceSubresources = new Set(['status', 'finalize']);

/** What follows `/` in an origin-form target, or the path of an absolute-form one (its host is ignored, never proxied to). */
export function pathOf(target: string): { readonly path: string; readonly query: string } {
  const absolute = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/?#]*/.exec(target);
  const rest = absolute === null ? target : target.slice(absolute[0].length);
  const mark = rest.indexOf('?');
  const path = mark < 0 ? rest : rest.slice(0, mark);
  return { path: path === '' ? '/' : path, query: mark < 0 ? '' : rest.slice(mark + 1) };
}

type Segments = { readonly ok: true; readonly segments: readonly string[] } | { readonly ok: false; reason: string };

/** Decodes each segment once. An encoded slash stays in its segment, where the caller can see it. */
function segmentsOf(path: string): Segments {
  if (!path.startsWith('/')) return { ok: false, reason: 'path must start with a slash' };
  const raw = path.slice(1).split('/');
  const segments: string[] = [];
  for (const part of raw) {
    if (part === '') return { ok: false, reason: 'path has an empty segment' };
    try {
      segments.push(part.includes('%') ? decodeURIComponent(part) : part);
    } catch {
      return { ok: false, reason: 'path has a malformed escape' };
    }
  }
  return { ok: true, segments };
}

/** The segments of a path below `/`, each plain: undefined when one is empty, climbs, or holds a slash or a control character. */
export function safeSegments(path: string): readonly string[] | undefined {
  const read = segmentsOf(path);
  if (!read.ok) return undefined;
  return read.segments.every((one) => pathSegmentFault(one) === undefined && !hasControl(one))
    ? read.segments
    : undefined;
}

/** Why `name` cannot be one segment of a path; the texts are those of apimachinery's IsValidPathSegmentName. */
export function pathSegmentFault(name: string): string | undefined {
  if (name === '.' || name === '..') return `may not be '${name}'`;
  if (name.includes('/')) return `may not contain '/'`;
  if (name.includes('%')) return `may not contain '%'`;
  return undefined;
}

const hasControl = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
};

/** The path up to `proxy`. What follows is somebody else's path: passed on as it came, and no part of what is authorised. */
const proxied = /^\/api\/v1\/(?:namespaces\/[^/]+\/(?:pods|services)|nodes)\/[^/]+\/proxy(?=\/|$)/;

/** Reads a request. Total: never throws. `isWatch` and `nameSelector` come from the query: they turn a read of a collection into a watch, and narrow it to one object. */
export function requestInfo(method: string, path: string, query: Query): RequestInfo {
  const asPath = (): PathRequest => ({ type: 'path', verb: method.toLowerCase(), path });
  if (!path.startsWith('/api/') && !path.startsWith('/apis/')) return asPath();
  const head = proxied.exec(path)?.[0];
  if (head !== undefined && head.length < path.length) {
    const info = requestInfo(method, head, query);
    return info.type === 'resource' ? { ...info, path, proxyPath: path.slice(head.length) } : { ...info, path };
  }
  const read = segmentsOf(path);
  // `/api/` and `/apis/` themselves are discovery documents; every other trailing slash is nothing.
  if (!read.ok) return path === '/api/' || path === '/apis/' ? asPath() : bad(path, read.reason, false);
  const [prefix, ...rest] = read.segments;
  const grouped = prefix === 'apis';
  const parts = grouped ? rest.slice(1) : rest;
  const [version = '', ...inside] = parts;
  if (inside.length === 0) return asPath();
  return resourceRequest(method, path, { group: grouped ? (rest[0] ?? '') : '', version, inside }, query);
}

const bad = (path: string, reason: string, badName: boolean): BadPath => ({ type: 'bad', path, reason, badName });

interface Query {
  readonly isWatch: boolean;
  readonly nameSelector: string;
}

function resourceRequest(
  method: string,
  path: string,
  at: { group: string; version: string; inside: readonly string[] },
  query: Query,
): RequestInfo {
  // The old form `/api/v1/watch/pods`, which old clients still send.
  const oldWatch = at.inside[0] === 'watch' && at.inside.length > 1;
  const { namespace, parts } = splitNamespace(oldWatch ? at.inside.slice(1) : at.inside);
  const [resource = '', name = '', subresource = '', ...more] = parts;
  for (const named of [namespace, name]) {
    const fault = pathSegmentFault(named);
    if (fault !== undefined) return bad(path, `Name parameter invalid: ${JSON.stringify(named)}: ${fault}`, true);
  }
  if (more.length > 0) return bad(path, 'the path goes below a subresource', false);
  const target: Target = { group: at.group, version: at.version, resource, namespace, name, subresource };
  if (Object.values(target).some((part) => part.includes('/') || hasControl(part)))
    return bad(path, 'a segment holds a slash or a control character', false);
  const verb = verbOf(method, name, subresource, { oldWatch, isWatch: query.isWatch });
  const selected = verb === 'list' || verb === 'watch' ? query.nameSelector : '';
  const info: ResourceRequest = { type: 'resource', verb, target, authorisedName: name === '' ? selected : name, path };
  return proxied.test(path) ? { ...info, proxyPath: '' } : info;
}

/** Takes `namespaces/<name>/` off the front, unless the namespace itself is what is asked for. */
function splitNamespace(parts: readonly string[]): { namespace: string; parts: readonly string[] } {
  const [first, namespace = '', inside = ''] = parts;
  if (first !== 'namespaces' || parts.length < 3 || namespaceSubresources.has(inside)) return { namespace: '', parts };
  return { namespace, parts: parts.slice(2) };
}

function verbOf(
  method: string,
  name: string,
  subresource: string,
  watch: { readonly oldWatch: boolean; readonly isWatch: boolean },
): RequestVerb {
  const verb = verbOfMethod.get(method) ?? '';
  if (verb === 'get' && watch.oldWatch && subresource === '') return 'watch';
  if (name !== '') return verb;
  if (verb === 'get') return watch.isWatch ? 'watch' : 'list';
  return verb === 'delete' ? 'deletecollection' : verb;
}
