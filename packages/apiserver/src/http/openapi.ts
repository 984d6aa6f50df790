/** The OpenAPI pages: v3 a group version at a time, behind an index of hashes; v2 all at once, as JSON or as its protobuf form. */
import type { Definition, JsonObject } from '@skiff/api';
import type { Registry } from '../registry/contract.ts';
import { etagOf, type GroupVersion, groupsOf } from './discovery.ts';
import { pathNotFound } from './encode.ts';
import { type Exchange, header } from './exchange.ts';
import { notAcceptable, parseAccept } from './negotiate.ts';
import { v2Document, v3Document } from './openapi-document.ts';
import { v2, v3 } from './openapi-schema.ts';
import { respond } from './respond.ts';

export interface OpenApi {
  /** Serves `/openapi/<segments>`. Throws ApiError NotFound or NotAcceptable. */
  serve(exchange: Exchange, segments: readonly string[]): Promise<void>;
}

interface Page {
  readonly body: string | Uint8Array;
  readonly etag: string;
}

/** What clients ask for; old clients cannot parse a type with an `@`, so the answer is of the other one, as Kubernetes'. */
const v2ProtobufAsked = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const v2ProtobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const v2ProtobufTypes: ReadonlySet<string> = new Set([v2ProtobufAsked, v2ProtobufType]);

const jsonTypes: ReadonlySet<string> = new Set(['application/json', 'application/*', '*/*']);

/** `api/v1`, `apis/apps/v1`: how the index names a group version. */
const pathOf = (one: Pick<GroupVersion, 'group' | 'version'>): string =>
  one.group === '' ? `api/${one.version}` : `apis/${one.group}/${one.version}`;

/** What other servers have to say. */
export interface OpenApiElsewhere {
  /** The group versions whose v3 documents they have. */
  versions(): readonly Pick<GroupVersion, 'group' | 'version'>[];
  /** The v2 document with theirs in it. */
  merge(document: JsonObject): JsonObject;
  onChanged(run: () => void): void;
}

/** `encodeV2` turns the v2 document into its protobuf form. */
export function createOpenApi(
  registry: Registry,
  encodeV2: (document: object) => Uint8Array,
  elsewhere: OpenApiElsewhere,
): OpenApi {
  /** Pages of everything there is: the index, and v2. */
  let whole = new Map<string, Page>();
  /** Pages of one group version, each with the definitions it was made of: those of others stay when some change. */
  const parts = new Map<string, { readonly page: Page; readonly of: readonly Definition[] }>();
  const forget = (): void => {
    whole = new Map();
  };
  registry.onDefinitionsChanged(forget);
  elsewhere.onChanged(forget);

  const made = (body: string | Uint8Array): Page => ({
    body,
    etag: etagOf(typeof body === 'string' ? body : Buffer.from(body).toString('base64')),
  });

  const page = (key: string, make: () => string | Uint8Array): Page => {
    const known = whole.get(key) ?? made(make());
    whole.set(key, known);
    return known;
  };

  const all = (): readonly Definition[] => registry.definitions();
  const versions = (): readonly GroupVersion[] => groupsOf(all()).flatMap((group) => group.versions);

  const v3Page = (one: GroupVersion): Page => {
    const key = pathOf(one);
    const known = parts.get(key);
    const { definitions } = one;
    const isSame = known?.of.length === definitions.length && known.of.every((each, at) => each === definitions[at]);
    if (known !== undefined && isSame) return known.page;
    // A custom kind's page tells of itself alone: it does not change with the others.
    const shared = all().filter((each) => each.openApi === undefined || each.group === one.group);
    const fresh = made(JSON.stringify(v3Document(v3, definitions, shared)));
    parts.set(key, { page: fresh, of: definitions });
    return fresh;
  };

  /** Made page by page, so that a first request after many changes does not hold up the others. */
  const index = async (): Promise<Page> => {
    const known = whole.get('v3');
    if (known !== undefined) return known;
    const into = whole;
    const paths: Record<string, object> = {};
    const served = versions();
    for (const one of served) {
      const hash = v3Page(one).etag.slice(1, 65);
      paths[pathOf(one)] = { serverRelativeURL: `/openapi/v3/${pathOf(one)}?hash=${hash}` };
      await new Promise(setImmediate);
    }
    for (const key of parts.keys()) if (!served.some((one) => pathOf(one) === key)) parts.delete(key);
    for (const one of elsewhere.versions()) paths[pathOf(one)] = { serverRelativeURL: `/openapi/v3/${pathOf(one)}` };
    const fresh = made(JSON.stringify({ paths }));
    into.set('v3', fresh);
    return fresh;
  };

  const send = (exchange: Exchange, contentType: string, sent: Page): void => {
    exchange.response.setHeader('etag', sent.etag);
    exchange.response.setHeader('vary', 'Accept');
    if (header(exchange, 'if-none-match') === sent.etag) {
      exchange.response.statusCode = 304;
      exchange.response.end();
    } else respond(exchange, { code: 200, contentType, body: sent.body });
  };

  const v2Whole = (): JsonObject => elsewhere.merge(v2Document(v2, all()) as JsonObject);

  const serveV2 = (exchange: Exchange): void => {
    const accept = header(exchange, 'accept') ?? '';
    const types = parseAccept(accept === '' ? '*/*' : accept).map((clause) => clause.type);
    const chosen = types.find((type) => v2ProtobufTypes.has(type) || jsonTypes.has(type));
    if (chosen === undefined) throw notAcceptable(['application/json', v2ProtobufAsked]);
    if (v2ProtobufTypes.has(chosen))
      send(
        exchange,
        v2ProtobufType,
        page('v2 protobuf', () => encodeV2(v2Whole())),
      );
    else
      send(
        exchange,
        'application/json',
        page('v2 json', () => JSON.stringify(v2Whole())),
      );
  };

  /** v3 documents are JSON only: a client that would rather have protobuf takes JSON second. */
  const acceptsJson = (exchange: Exchange): boolean => {
    const accept = header(exchange, 'accept') ?? '';
    const types = parseAccept(accept === '' ? '*/*' : accept).map((clause) => clause.type);
    return types.some((type) => jsonTypes.has(type));
  };

  return {
    async serve(exchange, segments) {
      const [version, ...rest] = segments;
      if (version === 'v2' && rest.length === 0) return serveV2(exchange);
      if (version !== 'v3') throw pathNotFound();
      if (!acceptsJson(exchange)) throw notAcceptable(['application/json']);
      if (rest.length === 0) return send(exchange, 'application/json', await index());
      const one = versions().find((at) => pathOf(at) === rest.join('/'));
      if (one === undefined) throw pathNotFound();
      send(exchange, 'application/json', v3Page(one));
    },
  };
}
