/** The resource verbs over HTTP: reads what the request says, calls the registry, sends what it answers. */
import { ApiError, apiVersionOf, type Clock, type Definition, notFound, type Random, type Verb } from '@skiff/api';
import { hasMessage } from '@skiff/api/wire/server';
import type { Answer, Incoming, ListAnswer, Registry, RequestContext, Target, Texts } from '../registry/contract.ts';
import type { BodyReader } from './bodies/reader.ts';
import { readBody } from './body.ts';
import {
  decodeDeleteOptions,
  decodeIncoming,
  decodePatch,
  encodeDocument,
  protobufList,
  yamlList,
} from './documents.ts';
import { charsOf, listTexts, pathNotFound, pieces, slices } from './encode.ts';
import { type Exchange, header } from './exchange.ts';
import {
  bodyFormat,
  type Format,
  mediaTypeOf,
  negotiate,
  notAcceptable,
  patchFormat,
  type Representation,
} from './negotiate.ts';
import { prettyList, wantsPretty } from './pretty.ts';
import {
  deleteOptions,
  getOptions,
  includeObject,
  listOptions,
  optionalFlag,
  watchOptions,
  writeOptions,
} from './query.ts';
import type { ResourceRequest } from './request-info.ts';
import { respond, respondPieces } from './respond.ts';
import { partialListHead, partialText, tableOfOne, tableTexts } from './table.ts';
import { serveWatch, watchTimeoutSeconds } from './watch.ts';

export interface ResourceParts {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly random: Random;
  readonly bodies: BodyReader;
  /** True for a kind that Skiff ships: those have strategic merge. */
  readonly isBuiltin: (definition: Definition) => boolean;
}

/** One resource request on its way. */
interface Work {
  readonly parts: ResourceParts;
  readonly exchange: Exchange;
  readonly context: RequestContext;
  readonly request: ResourceRequest;
  readonly target: Target;
  readonly definition: Definition;
  readonly formats: readonly Format[];
}

const textFormats: readonly Format[] = ['json', 'yaml'];
const allFormats: readonly Format[] = ['json', 'yaml', 'protobuf'];

/** What a body of a request is an object of: the kind, or what its subresource takes. */
export const travelling = (definition: Definition, { subresource }: Pick<Target, 'subresource'>) =>
  definition.subresources.find((one) => one.name === subresource)?.kind ?? definition;

/** Custom kinds have no messages. */
function formatsOf(definition: Definition, target: Target): readonly Format[] {
  const of = travelling(definition, target);
  return hasMessage(apiVersionOf(of), of.kind) ? allFormats : textFormats;
}

const notAllowed = (): ApiError =>
  new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource');

/**
 * The definition a target names. Throws ApiError NotFound (as for any unknown path) when the kind is not served or its scope
 * is not that of the path, MethodNotAllowed when it does not have the verb.
 */
export function resolve(registry: Pick<Registry, 'definition'>, target: Target, verb: string): Definition {
  const definition = registry.definition(target.group, target.version, target.resource);
  if (definition === undefined) throw pathNotFound();
  const isCollection = target.name === '';
  if (!definition.namespaced && target.namespace !== '') throw pathNotFound();
  if (definition.namespaced && target.namespace === '' && !isCollection) throw pathNotFound();
  if (target.subresource !== '') {
    const subresource = definition.subresources.find((one) => one.name === target.subresource);
    if (subresource === undefined) throw pathNotFound();
    if (!subresource.verbs.some((one) => one === verb)) throw notAllowed();
    return definition;
  }
  const missing = !definition.verbs.some((one: Verb) => one === verb);
  const misplaced = collectionVerbs.has(verb) ? !isCollection && verb !== 'watch' : isCollection;
  const everywhere = definition.namespaced && target.namespace === '' && !['list', 'watch'].includes(verb);
  if (missing || misplaced || everywhere) throw notAllowed();
  return definition;
}

const collectionVerbs = new Set(['list', 'watch', 'create', 'deletecollection']);

/** Answers one resource request. Throws ApiError. */
export async function serveResource(
  parts: ResourceParts,
  exchange: Exchange,
  context: RequestContext,
  request: ResourceRequest,
): Promise<void> {
  const definition = resolve(parts.registry, request.target, request.verb);
  const formats = formatsOf(definition, request.target);
  const work: Work = { parts, exchange, context, request, target: request.target, definition, formats };
  const representation = negotiate(header(exchange, 'accept'), formats, definition.verbs.includes('get'));
  switch (request.verb) {
    case 'get':
      return sendAnswer(work, representation, await get(work));
    case 'list':
      return sendList(work, representation, await list(work));
    case 'watch':
      return watch(work, representation);
    case 'create':
      return sendAnswer(work, representation, await create(work));
    case 'update':
      return sendAnswer(work, representation, await update(work));
    case 'patch':
      return sendAnswer(work, representation, await patch(work));
    case 'delete':
      return sendAnswer(work, representation, await remove(work));
    case 'deletecollection':
      return sendList(work, representation, await removeCollection(work));
    default:
      throw notAllowed();
  }
}

const get = ({ parts, context, target, exchange }: Work): Promise<Answer> =>
  parts.registry.get(context, target, getOptions(exchange.query));

const list = ({ parts, context, target, exchange }: Work): Promise<ListAnswer> =>
  parts.registry.list(context, target, listOptions(exchange.query));

async function watch(work: Work, representation: Representation): Promise<void> {
  const { parts, context, exchange, definition, target } = work;
  // YAML has no frames: nothing tells where an event ends.
  if (representation.format === 'yaml') {
    const framed = work.formats.filter((format) => format !== 'yaml');
    throw notAcceptable(framed.map((format) => `${mediaTypeOf[format]};stream=watch`));
  }
  const asked = watchOptions(exchange.query);
  const options = { ...asked, timeoutSeconds: watchTimeoutSeconds(asked, parts.random) };
  // The old path form watches one object by its name.
  const single =
    target.name === '' ? options : { ...options, fieldSelector: nameSelector(target.name, asked.fieldSelector) };
  const events = await parts.registry.watch(context, { ...target, name: '' }, single);
  const view = {
    representation,
    columns: parts.registry.columns(definition, ''),
    includeObject: includeObject(exchange.query),
    clock: parts.clock,
  };
  await serveWatch(exchange, events, view, context.signal);
}

const nameSelector = (name: string, selector: string): string =>
  selector === '' ? `metadata.name=${name}` : `${selector},metadata.name=${name}`;

async function create(work: Work): Promise<Answer> {
  const { parts, context, target, exchange } = work;
  const format = bodyFormat(header(exchange, 'content-type'), work.formats);
  const body = await incoming(work, format);
  return parts.registry.create(context, target, body, writeOptions(exchange.query, { kind: 'CreateOptions' }));
}

async function incoming({ parts, context, target, exchange, definition }: Work, format: Format): Promise<Incoming> {
  const { kind } = travelling(definition, target);
  return decodeIncoming(parts.bodies, await readBody(exchange, context.signal), format, kind);
}

async function update(work: Work): Promise<Answer> {
  const { parts, context, target, exchange } = work;
  const format = bodyFormat(header(exchange, 'content-type'), work.formats);
  const body = await incoming(work, format);
  return parts.registry.update(context, target, body, writeOptions(exchange.query, { kind: 'UpdateOptions' }));
}

async function patch(work: Work): Promise<Answer> {
  const { parts, context, target, exchange } = work;
  const type = patchFormat(header(exchange, 'content-type'), parts.isBuiltin(work.definition));
  const force = optionalFlag(exchange.query, 'force');
  const options = writeOptions(exchange.query, { kind: 'PatchOptions', patch: type, force });
  const decoded = await decodePatch(parts.bodies, await readBody(exchange, context.signal), type);
  return parts.registry.patch(context, target, { ...decoded, type, force: force ?? false }, options);
}

async function deletion(work: Work) {
  const { parts, context, exchange } = work;
  const body = await readBody(exchange, context.signal);
  if (body.length === 0) return deleteOptions(exchange.query);
  return decodeDeleteOptions(
    parts.bodies,
    body,
    bodyFormat(header(exchange, 'content-type'), ['json', 'yaml', 'protobuf']),
  );
}

const remove = async (work: Work): Promise<Answer> =>
  work.parts.registry.delete(work.context, work.target, await deletion(work));

const removeCollection = async (work: Work): Promise<ListAnswer> =>
  work.parts.registry.deleteCollection(
    work.context,
    work.target,
    listOptions(work.exchange.query),
    await deletion(work),
  );

/** A Status document is never turned into a table or into metadata. */
const isStatus = (text: string): boolean => text.startsWith('{"kind":"Status"');

function sendAnswer(work: Work, representation: Representation, answer: Answer): void {
  const { format, transform } = representation;
  const code = answer.created ? 201 : 200;
  let { text } = answer;
  if (transform !== undefined && !isStatus(text)) {
    if (transform.kind === 'PartialObjectMetadataList')
      throw new ApiError(
        'NotAcceptable',
        'you requested PartialObjectMetadataList, but the requested object is not a list',
      );
    text =
      transform.kind === 'Table'
        ? tableOfOne(text, { ...tableOptions(work), version: transform.version })
        : partialText(text, transform.version);
  }
  respond(work.exchange, { code, contentType: mediaTypeOf[format], body: encodeDocument(text, format) });
}

const tableOptions = ({ parts, definition, target, exchange }: Work) => ({
  columns: parts.registry.columns(definition, target.subresource),
  includeObject: includeObject(exchange.query),
  nowMs: parts.clock.now(),
});

async function sendList(work: Work, { format, transform }: Representation, answer: ListAnswer): Promise<void> {
  const { exchange } = work;
  const head = { contentType: mediaTypeOf[format], chars: charsOf(answer.items) };
  if (transform?.kind === 'Table') {
    const texts = tableTexts(answer, answer.items, { ...tableOptions(work), version: transform.version });
    if (format === 'json') await respondPieces(exchange, head, pieces(texts));
    else respond(exchange, { code: 200, ...head, body: encodeDocument([...texts].join(''), format) });
    return;
  }
  const [list, items] = listShape(transform, answer);
  if (format === 'protobuf') await respondPieces(exchange, head, slices(await protobufList(list, items)));
  else if (format === 'yaml') await respondPieces(exchange, head, pieces(yamlList(list, items)));
  else {
    const parts = wantsPretty(exchange) ? prettyList(list, items) : listTexts(list, items.parts?.() ?? items);
    await respondPieces(exchange, head, pieces(parts));
  }
}

/** The list and its items, or their metadata alone. */
function listShape(
  transform: Representation['transform'],
  answer: ListAnswer,
): [ListAnswer, Iterable<string> & Pick<Texts, 'parts'>] {
  if (transform === undefined) return [answer, answer.items];
  if (transform.kind === 'PartialObjectMetadata')
    throw new ApiError('NotAcceptable', 'you requested PartialObjectMetadata, but the requested object is a list');
  const { version } = transform;
  const partials = function* (): Generator<string> {
    for (const item of answer.items) yield partialText(item, version);
  };
  return [{ ...answer, ...partialListHead(version), custom: false }, partials()];
}

const streamed: ReadonlySet<string> = new Set(['log', 'exec', 'attach', 'portforward', 'proxy']);

/** True for a request that goes on: a watch, a stream; a log too, followed or not, takes as long as its reader does. Those have no deadline and take no seat. */
export const isLongRunning = ({ verb, target }: Pick<ResourceRequest, 'verb' | 'target'>): boolean =>
  verb === 'watch' || streamed.has(target.subresource);

/** 404 of an object, for streams that need a pod. */
export const podNotFound = (name: string): ApiError => notFound({ group: '', resource: 'pods' }, name);
