/** Everything that is not a resource: discovery, OpenAPI, health, version, metrics. */
import type { Definition, Logger } from '@skiff/api';
import type { Registry } from '../registry/contract.ts';
import { discoveryPath, keySetPath, type TokenDiscovery } from '../tokens/discovery.ts';
import {
  aggregatedDocument,
  aggregatedVersion,
  apiVersionsDocument,
  etagOf,
  type Group,
  groupDocument,
  groupListDocument,
  groupsOf,
  resourceListDocument,
} from './discovery.ts';
import { pathNotFound } from './encode.ts';
import { type Exchange, header } from './exchange.ts';
import { type HealthCheck, parseHealthPath, report } from './health.ts';
import type { Metrics } from './metrics.ts';
import { parseAccept } from './negotiate.ts';
import type { OpenApi } from './openapi.ts';
import { respond, respondIndented, respondJson } from './respond.ts';
import { versionDocument } from './version.ts';

export interface PathParts {
  /** What discovery shows: what this server serves, and what others do. */
  readonly catalogue: Catalogue;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly openApi: OpenApi;
  readonly advertiseAddress: string;
  readonly tokens: TokenDiscovery;
  readonly live: readonly HealthCheck[];
  readonly ready: readonly HealthCheck[];
}

export type Catalogue = Pick<Registry, 'definitions' | 'onDefinitionsChanged'>;

export type ServePath = (exchange: Exchange) => Promise<void>;

/** The pages of one set of definitions, each made once and forgotten when the set changes. */
function pageCache(catalogue: Catalogue): {
  groups(): readonly Group[];
  page(key: string, make: () => object): string;
} {
  let groups: readonly Group[] | undefined;
  let pages = new Map<string, string>();
  catalogue.onDefinitionsChanged(() => {
    groups = undefined;
    pages = new Map();
  });
  return {
    groups: () => {
      groups ??= groupsOf(catalogue.definitions());
      return groups;
    },
    page: (key, make) => {
      const known = pages.get(key);
      if (known !== undefined) return known;
      const text = JSON.stringify(make());
      pages.set(key, text);
      return text;
    },
  };
}

/** Serves GET and HEAD of every path it knows. Throws ApiError NotFound for the others. */
export function createPaths(parts: PathParts): ServePath {
  const cache = pageCache(parts.catalogue);

  const send = (exchange: Exchange, key: string, make: () => object, contentType = 'application/json'): void => {
    const body = cache.page(key, make);
    const etag = etagOf(body);
    exchange.response.setHeader('etag', etag);
    exchange.response.setHeader('vary', 'Accept');
    if (header(exchange, 'if-none-match') === etag) {
      exchange.response.statusCode = 304;
      exchange.response.end();
    } else respond(exchange, { code: 200, contentType, body });
  };

  /** `/api` or `/apis`: aggregated when the client's best clause asks for it, else the plain list. */
  const root = (exchange: Exchange, groups: readonly Group[], key: string, plain: () => object): void => {
    for (const clause of parseAccept(header(exchange, 'accept') ?? '')) {
      const version = aggregatedVersion(clause.parameters);
      if (version !== undefined) {
        const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
        send(exchange, `${key} ${version}`, () => aggregatedDocument(groups, version), type);
        return;
      }
      if (!clause.parameters.has('as')) break;
    }
    send(exchange, key, plain);
  };

  const discovery = (exchange: Exchange, segments: readonly string[]): boolean => {
    const groups = cache.groups();
    const [top = '', second, third] = segments;
    const core = groups.filter((group) => group.name === '');
    const named = groups.filter((group) => group.name !== '');
    if (top === 'api' && second === undefined)
      root(exchange, core, 'api', () => apiVersionsDocument(groups, parts.advertiseAddress));
    else if (top === 'apis' && second === undefined) root(exchange, named, 'apis', () => groupListDocument(groups));
    else if (top === 'apis' && third === undefined) {
      const group = named.find((one) => one.name === second);
      if (group === undefined) return false;
      send(exchange, `apis/${second}`, () => groupDocument(group));
    } else {
      const [name, version] = top === 'api' ? ['', second] : [second, third];
      if (segments.length > (top === 'api' ? 2 : 3)) return false;
      const one = groups.find((group) => group.name === name)?.versions.find((at) => at.version === version);
      if (one === undefined) return false;
      send(exchange, `resources ${name}/${version}`, () => resourceListDocument(one));
    }
    return true;
  };

  const health = async (exchange: Exchange, at: { page: string; check: string }): Promise<void> => {
    const all = at.page === 'livez' ? parts.live : parts.ready;
    const checks = at.check === '' ? all : all.filter((check) => check.name === at.check);
    if (checks.length === 0 && at.check !== '') throw pathNotFound();
    const options = { verbose: exchange.query.has('verbose'), exclude: exchange.query.getAll('exclude') };
    const { healthy, text, faults } = await report(at.page, checks, options);
    for (const fault of faults) parts.logger.warn({ check: fault.name, err: fault.error }, 'a health check failed');
    respond(exchange, { code: healthy ? 200 : 500, contentType: 'text/plain; charset=utf-8', body: text });
  };

  return async (exchange) => {
    const path = exchange.path.length > 1 ? exchange.path.replace(/\/$/, '') : exchange.path;
    const healthPath = parseHealthPath(path);
    if (healthPath !== undefined) return health(exchange, healthPath);
    if (path === '/version') return respondIndented(exchange, versionDocument());
    if (path === discoveryPath) return respondJson(exchange, 200, parts.tokens.configuration);
    if (path === keySetPath)
      return respond(exchange, {
        ...{ code: 200, contentType: 'application/jwk-set+json' },
        body: JSON.stringify(parts.tokens.keySet),
      });
    if (path === '/metrics')
      return respond(exchange, { code: 200, contentType: parts.metrics.contentType, body: await parts.metrics.text() });
    const segments = path.slice(1).split('/');
    if (path === '/') return respondIndented(exchange, { paths: pathsOf(cache.groups()) });
    if (segments[0] === 'openapi') return parts.openApi.serve(exchange, segments.slice(1));
    if ((segments[0] === 'api' || segments[0] === 'apis') && discovery(exchange, segments)) return;
    throw pathNotFound();
  };
}

/** What `/` lists. */
function pathsOf(groups: readonly Group[]): string[] {
  const below = groups.flatMap((group) => {
    const base = group.name === '' ? '/api' : `/apis/${group.name}`;
    return [base, ...group.versions.map((one) => `${base}/${one.version}`)];
  });
  return [
    discoveryPath,
    '/apis',
    ...below,
    '/healthz',
    '/livez',
    '/metrics',
    '/openapi/v2',
    '/openapi/v3',
    keySetPath,
    '/readyz',
    '/version',
  ].sort();
}

/** True for kinds that are not custom ones. */
export const builtinTest = (builtin: readonly Definition[]): ((definition: Definition) => boolean) => {
  const known = new Set(builtin.map((one) => `${one.group}/${one.version}/${one.resource}`));
  return (definition) => known.has(`${definition.group}/${definition.version}/${definition.resource}`);
};
