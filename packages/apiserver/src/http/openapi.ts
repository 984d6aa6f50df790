/** The OpenAPI pages: v3 a group version at a time, behind an index of hashes; v2 all at once, as JSON or as its protobuf form. */
import { createHash } from 'node:crypto';
import type { Definition, JsonObject } from '@skiff/api';
import type { Registry } from '../registry/contract.ts';
import { othersTurn } from '../registry/turns.ts';
import { type GroupVersion, groupsOf } from './discovery.ts';
import { pathNotFound } from './encode.ts';
import { type Exchange, header } from './exchange.ts';
import { notAcceptable, parseAccept } from './negotiate.ts';
import { v2Document, v3Document } from './openapi-document.ts';
import { v2, v3 } from './openapi-schema.ts';
import { encodeOpenApiV2, openApiV2Json } from './openapi-v2.ts';
import { respondPieces } from './respond.ts';

export interface OpenApi {
  /** Serves `/openapi/<segments>`. Throws ApiError NotFound or NotAcceptable. */
  serve(exchange: Exchange, segments: readonly string[]): Promise<void>;
}

interface Page {
  readonly pieces: readonly Uint8Array[];
  readonly etag: string;
}

/** What clients ask for; old clients cannot parse a type with an `@`, so the answer is of the other one, as Kubernetes'. */
const v2ProtobufAsked = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const v2ProtobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const v2ProtobufTypes: ReadonlySet<string> = new Set([v2ProtobufAsked, v2ProtobufType]);

const jsonTypes: ReadonlySet<string> = new Set(['application/json', 'application/*', '*/*']);

const asJson = (document: object): readonly Uint8Array[] => [Buffer.from(JSON.stringify(document))];

const lengthOf = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, { length }) => sum + length, 0);

async function pageOf(pieces: readonly Uint8Array[]): Promise<Page> {
  const hash = createHash('sha512');
  for (const piece of pieces) {
    hash.update(piece);
    await othersTurn();
  }
  return { pieces, etag: `"${hash.digest('hex').toUpperCase()}"` };
}

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

export function createOpenApi(registry: Registry, elsewhere: OpenApiElsewhere): OpenApi {
  /** Pages of everything there is: the index, and v2. */
  let whole = new Map<string, Promise<Page>>();
  /** Pages of one group version, each with the definitions it was made of: those of others stay when some change. */
  const parts = new Map<string, { readonly page: Promise<Page>; readonly of: readonly Definition[] }>();
  const forget = (): void => {
    whole = new Map();
  };
  registry.onDefinitionsChanged(forget);
  elsewhere.onChanged(forget);

  /** Made once, by the first who asks; again when that failed. */
  const page = (key: string, make: () => Promise<readonly Uint8Array[]>): Promise<Page> => {
    const into = whole;
    const known = into.get(key);
    if (known !== undefined) return known;
    const fresh = make().then(pageOf);
    into.set(key, fresh);
    fresh.catch(() => into.delete(key));
    return fresh;
  };

  const all = (): readonly Definition[] => registry.definitions();
  const versions = (): readonly GroupVersion[] => groupsOf(all()).flatMap((group) => group.versions);

  const v3Page = (one: GroupVersion): Promise<Page> => {
    const key = pathOf(one);
    const known = parts.get(key);
    const { definitions } = one;
    const isSame = known?.of.length === definitions.length && known.of.every((each, at) => each === definitions[at]);
    if (known !== undefined && isSame) return known.page;
    // A custom kind's page tells of itself alone: it does not change with the others.
    const shared = all().filter((each) => each.openApi === undefined || each.group === one.group);
    const fresh = v3Document(v3, definitions, shared).then((document) => pageOf(asJson(document)));
    parts.set(key, { page: fresh, of: definitions });
    fresh.catch(() => parts.delete(key));
    return fresh;
  };

  const index = async (): Promise<readonly Uint8Array[]> => {
    const paths: Record<string, object> = {};
    const served = versions();
    for (const one of served) {
      const hash = (await v3Page(one)).etag.slice(1, 65);
      paths[pathOf(one)] = { serverRelativeURL: `/openapi/v3/${pathOf(one)}?hash=${hash}` };
      await othersTurn();
    }
    for (const key of parts.keys()) if (!served.some((one) => pathOf(one) === key)) parts.delete(key);
    for (const one of elsewhere.versions()) paths[pathOf(one)] = { serverRelativeURL: `/openapi/v3/${pathOf(one)}` };
    return asJson({ paths });
  };

  const send = async (exchange: Exchange, contentType: string, { etag, pieces }: Page): Promise<void> => {
    exchange.response.setHeader('etag', etag);
    exchange.response.setHeader('vary', 'Accept');
    if (header(exchange, 'if-none-match') === etag) {
      exchange.response.statusCode = 304;
      exchange.response.end();
    } else await respondPieces(exchange, { contentType, chars: lengthOf(pieces) }, pieces);
  };

  const v2Whole = async (): Promise<JsonObject> => elsewhere.merge((await v2Document(v2, all())) as JsonObject);

  const serveV2 = async (exchange: Exchange): Promise<void> => {
    const accept = header(exchange, 'accept') ?? '';
    const types = parseAccept(accept === '' ? '*/*' : accept).map((clause) => clause.type);
    const chosen = types.find((type) => v2ProtobufTypes.has(type) || jsonTypes.has(type));
    if (chosen === undefined) throw notAcceptable(['application/json', v2ProtobufAsked]);
    if (v2ProtobufTypes.has(chosen)) {
      const made = await page('v2 protobuf', async () => encodeOpenApiV2(await v2Whole()));
      return send(exchange, v2ProtobufType, made);
    }
    return send(exchange, 'application/json', await page('v2 json', async () => openApiV2Json(await v2Whole())));
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
      if (rest.length === 0) return send(exchange, 'application/json', await page('v3', index));
      const one = versions().find((at) => pathOf(at) === rest.join('/'));
      if (one === undefined) throw pathNotFound();
      return send(exchange, 'application/json', await v3Page(one));
    },
  };
}
