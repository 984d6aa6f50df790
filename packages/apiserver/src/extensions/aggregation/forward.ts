/** The verbs of the registry, carried out by a server behind this one over REST: what a gRPC caller asks of a group that is served elsewhere. */
import type { IncomingMessage } from 'node:http';
import { ApiError, apiVersionOf, httpCodeOf, type JsonObject, type Status, type StatusReason } from '@skiff/api';
import { parseJson } from '@skiff/api/json';
import { isObject, listAt, numberAt, objectAt, put, textAt } from '../../patch/values.ts';
import type {
  Answer,
  DeleteOptions,
  ListAnswer,
  ListOptions,
  PatchType,
  Registry,
  RegistryEvent,
  RequestContext,
  Target,
  WatchOptions,
  WriteOptions,
} from '../../registry/contract.ts';
import type { ApiService } from './api-service.ts';
import { callRemote, type RemoteParts, readWhole } from './remote.ts';

export type Verbs = Pick<
  Registry,
  'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deleteCollection'
>;

const patchTypes: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export function remoteVerbs(parts: RemoteParts, service: ApiService): Verbs {
  const send = async (
    context: RequestContext,
    method: string,
    path: string,
    body?: { readonly type: string; readonly value: unknown },
  ): Promise<IncomingMessage> => {
    const answer = await callRemote(parts, service, {
      ...{ method, path, user: context.user, signal: context.signal },
      ...(body === undefined ? {} : { body: JSON.stringify(body.value), contentType: body.type }),
    }).catch((error: unknown) => {
      context.signal.throwIfAborted();
      throw new ApiError('ServiceUnavailable', `error trying to reach service: ${(error as Error).message}`);
    });
    for (const text of warningsIn(answer)) context.warn(text);
    if ((answer.statusCode ?? 500) >= 300) throw refusal(answer.statusCode ?? 500, await readWhole(answer));
    return answer;
  };
  const answer = async (...asked: Parameters<typeof send>): Promise<Answer> => {
    const message = await send(...asked);
    return { text: await readWhole(message), created: message.statusCode === 201 };
  };
  const json = (value: unknown) => ({ type: 'application/json', value });
  return {
    get: (context, target, options) => answer(context, 'GET', pathOf(target, { ...options })),
    async list(context, target, options) {
      return listOf(await readWhole(await send(context, 'GET', pathOf(target, listQuery(options)))), target);
    },
    async watch(context, target, options) {
      const { name, ...collection } = target;
      const at = { ...collection, name: '' };
      const fieldSelector = name === '' ? options.fieldSelector : `metadata.name=${name}`;
      return eventsOf(await send(context, 'GET', pathOf(at, watchQuery({ ...options, fieldSelector }))));
    },
    create: (context, target, body, options) =>
      answer(context, 'POST', pathOf(target, writeQuery(options)), json(body.document)),
    update: (context, target, body, options) =>
      answer(context, 'PUT', pathOf(target, writeQuery(options)), json(body.document)),
    patch: (context, target, { type, patch, force }, options) =>
      answer(context, 'PATCH', pathOf(target, { ...writeQuery(options), force: force || undefined }), {
        ...{ type: patchTypes[type], value: patch },
      }),
    delete: (context, target, options) => answer(context, 'DELETE', pathOf(target, {}), json(deleteBody(options))),
    async deleteCollection(context, target, list, options) {
      const path = pathOf(target, listQuery(list));
      const text = await readWhole(await send(context, 'DELETE', path, json(deleteBody(options))));
      return listOf(text, target);
    },
  };
}

function pathOf({ group, version, namespace, resource, name, subresource }: Target, query: Query): string {
  const parts = [resource, ...(name === '' ? [] : [name]), ...(subresource === '' ? [] : [subresource])];
  const all = ['apis', group, version, ...(namespace === '' ? [] : ['namespaces', namespace]), ...parts];
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '' && value !== 0);
  const search = new URLSearchParams(given.map(([key, value]) => [key, String(value)]));
  return `/${all.map(encodeURIComponent).join('/')}${search.size === 0 ? '' : `?${search}`}`;
}

const listQuery = (options: ListOptions): Query => ({ ...options });

const watchQuery = ({ allowBookmarks, ...options }: WatchOptions): Query => ({
  ...{ ...options, watch: true },
  ...(allowBookmarks ? { allowWatchBookmarks: true } : {}),
});

const writeQuery = ({ dryRun, fieldManager, fieldValidation }: WriteOptions): Query => ({
  ...{ fieldManager, fieldValidation },
  ...(dryRun ? { dryRun: 'All' } : {}),
});

function deleteBody(options: DeleteOptions): JsonObject {
  const { dryRun, gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions } = options;
  const { uid, resourceVersion } = preconditions;
  const wanted = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  return {
    ...{ kind: 'DeleteOptions', apiVersion: 'v1' },
    ...(dryRun ? { dryRun: ['All'] } : {}),
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === undefined || orphanDependents !== undefined ? {} : { propagationPolicy }),
    ...(orphanDependents === undefined ? {} : { orphanDependents }),
    ...(Object.keys(wanted).length === 0 ? {} : { preconditions: wanted }),
  };
}

const notUnderstood = (): ApiError =>
  new ApiError('ServiceUnavailable', 'error trying to reach service: its answer is no document');

function objectOf(text: string): JsonObject {
  try {
    const { value } = parseJson(text);
    if (isObject(value)) return value;
  } catch {
    // Said below.
  }
  throw notUnderstood();
}

/** Items of a list may leave out what the list says of all of them. */
function listOf(text: string, target: Target): ListAnswer {
  const list = objectOf(text);
  const listKind = textAt(list, 'kind');
  const items = listAt(list, 'items').map((item) => {
    if (!isObject(item)) throw notUnderstood();
    const type = {
      kind: listKind.replace(/List$/, ''),
      apiVersion: textAt(list, 'apiVersion') || apiVersionOf(target),
    };
    return JSON.stringify({ ...type, ...item });
  });
  return {
    ...{ apiVersion: textAt(list, 'apiVersion'), kind: listKind, items },
    resourceVersion: textAt(list, 'metadata', 'resourceVersion'),
    continue: textAt(list, 'metadata', 'continue'),
    remainingItemCount: numberAt(list, 'metadata', 'remainingItemCount'),
  };
}

const eventTypes: readonly RegistryEvent['type'][] = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'];
/** An event that is longer is no object. */
const maxEventChars = 32 * 1024 * 1024;
/** So many pieces of a line are put together at a time: a far side may send it byte by byte. */
const maxPieces = 1024;

/** One JSON document a line. Throws ApiError when the far side says that the watch is over because of a fault. */
async function* eventsOf(answer: IncomingMessage): AsyncGenerator<readonly RegistryEvent[]> {
  let open: string[] = [];
  let length = 0;
  answer.setEncoding('utf8');
  for await (const piece of answer) {
    const [first = '', ...others] = (piece as string).split('\n');
    open.push(first);
    length += first.length;
    if (length > maxEventChars) throw notUnderstood();
    if (open.length > maxPieces) open = [open.join('')];
    const next = others.pop();
    if (next === undefined) continue;
    const lines = [open.join(''), ...others];
    open = [next];
    length = next.length;
    const { events, fault } = eventsIn(lines.filter((line) => line.trim() !== ''));
    if (events.length > 0) yield events;
    if (fault !== undefined) throw fault;
  }
}

/** What came before a fault counts. */
function eventsIn(lines: readonly string[]): { readonly events: readonly RegistryEvent[]; readonly fault: unknown } {
  const events: RegistryEvent[] = [];
  try {
    for (const line of lines) events.push(eventOf(line));
    return { events, fault: undefined };
  } catch (fault) {
    return { events, fault };
  }
}

function eventOf(line: string): RegistryEvent {
  const event = objectOf(line);
  const object = objectAt(event, 'object') ?? {};
  const said = textAt(event, 'type');
  if (said === 'ERROR') {
    const code = numberAt(object, 'code');
    throw refusal(isFailure(code) ? code : 500, JSON.stringify(object));
  }
  const type = eventTypes.find((each) => each === said);
  if (type === undefined) throw notUnderstood();
  return { type, text: JSON.stringify(object) };
}

const isFailure = (code: number | undefined): code is number =>
  code !== undefined && Number.isInteger(code) && code >= 400 && code < 600;

const reasons = Object.entries(httpCodeOf) as [StatusReason, number][];

/** The far side's Status; one of our own when it sent none. */
function refusal(code: number, text: string): ApiError {
  let status: JsonObject = {};
  try {
    status = objectOf(text);
  } catch {
    put(status, 'message', `the server answered with the status code ${code}`);
  }
  const named =
    reasons.find(([reason]) => reason === textAt(status, 'reason')) ?? reasons.find(([, each]) => each === code);
  const details = objectAt(status, 'details') as Status['details'];
  return new ApiError(named?.[0] ?? 'InternalError', textAt(status, 'message'), details, { code });
}

/** `299 - "text"`, several to a header. */
function warningsIn({ headers }: IncomingMessage): readonly string[] {
  const found = String(headers.warning ?? '').matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g);
  return [...found].map((match) => (match[1] ?? '').replaceAll(/\\(.)/g, '$1'));
}
