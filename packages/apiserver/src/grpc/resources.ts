/** skiff.v1.Resources over the registry: the REST door's verbs, one to one. */
import { badRequest, type Clock, type Definition, type Random } from '@skiff/api';
import type * as wire from '@skiff/api/wire';
import { nameSelected, type ResourceAttributes } from '../chain/attributes.ts';
import type { Chain } from '../chain/chain.ts';
import { seatsFor } from '../chain/flow/flow-control.ts';
import {
  checkDeleteOptions,
  checkWriteOptions,
  listOptionsFault,
  type WriteKind,
  watchOptionsFault,
} from '../chain/options.ts';
import type { Verbs } from '../extensions/aggregation/forward.ts';
import type { BodyReader } from '../http/bodies/reader.ts';
import { aggregatedDocument, groupsOf } from '../http/discovery.ts';
import { decodeIncoming, decodePatch, incomingMessage, messageOf } from '../http/documents.ts';
import { resolve, travelling } from '../http/resources.ts';
import { tableOfOne } from '../http/table.ts';
import { watchTimeoutSeconds } from '../http/watch.ts';
import type {
  Answer,
  DeleteOptions,
  Incoming,
  ListAnswer,
  ListOptions,
  PatchType,
  Registry,
  RequestContext,
  Target,
  WatchOptions,
  WriteOptions,
} from '../registry/contract.ts';
import { byteStream, type CallInfo, type Handler, unary, unaryInPieces } from './adapt.ts';
import { listPieces } from './list.ts';
import type { Pieces } from './messages.ts';
import { int64, optionalInt64 } from './numbers.ts';
import { sendBatches } from './watch.ts';

export interface ResourcesParts {
  readonly registry: Registry;
  readonly chain: Chain;
  /** All kinds that are served, here and behind this server. */
  readonly definitions: () => readonly Definition[];
  /** Who answers for a kind in place of the registry; undefined for the registry's own. */
  readonly elsewhere: (target: Target) => Verbs | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly bodies: BodyReader;
}

/** A call that has passed the chain. */
interface Passed {
  readonly context: RequestContext;
  readonly target: Target;
  readonly definition: Definition;
  readonly verbs: Verbs;
  readonly warnings: string[];
}

const patchTypes: Readonly<Record<wire.PatchType, PatchType | undefined>> = {
  PATCH_TYPE_UNSPECIFIED: undefined,
  PATCH_TYPE_JSON: 'json',
  PATCH_TYPE_MERGE: 'merge',
  PATCH_TYPE_STRATEGIC: 'strategic',
  PATCH_TYPE_APPLY: 'apply',
};

function targetOf(target: wire.Target | null): Target {
  if (target === null) throw badRequest('the request names no target');
  const { group, version, resource, namespace, name, subresource } = target;
  return { group, version, resource, namespace, name, subresource };
}

/** In RBAC a namespace lies in itself. */
const attributesOf = (verb: string, target: Target, fieldSelector: string): ResourceAttributes => ({
  ...target,
  name: target.name === '' ? nameSelected(fieldSelector) : target.name,
  type: 'resource',
  verb,
  namespace: target.group === '' && target.resource === 'namespaces' ? target.name : target.namespace,
});

const listOptionsOf = (request: wire.ListRequest): ListOptions => ({
  labelSelector: request.labelSelector,
  fieldSelector: request.fieldSelector,
  limit: Math.max(0, int64(request.limit)),
  continue: request.continue,
  resourceVersion: request.resourceVersion,
  resourceVersionMatch: request.resourceVersionMatch,
});

const noSelection = { limit: 0, continue: '', resourceVersion: '', resourceVersionMatch: '' } as const;

function writeOptionsOf(options: wire.WriteOptions | null, write: WriteKind): WriteOptions {
  const dryRun = options?.dryRun === true ? ['All'] : [];
  const { fieldManager = '', fieldValidation = '' } = options ?? {};
  return checkWriteOptions({ dryRun, fieldManager, fieldValidation }, write);
}

function deleteOptionsOf(options: wire.DeleteOptions | null): DeleteOptions {
  return checkDeleteOptions({
    dryRun: options?.dryRun === true ? ['All'] : [],
    gracePeriodSeconds: optionalInt64(options?.gracePeriodSeconds),
    propagationPolicy: options?.propagationPolicy || undefined,
    orphanDependents: undefined,
    uid: options?.uid || undefined,
    resourceVersion: options?.resourceVersion || undefined,
  });
}

async function incomingOf(
  bodies: BodyReader,
  { definition, target }: Passed,
  object: wire.ObjectMessage | null,
): Promise<Incoming> {
  if (object?.json !== undefined)
    return decodeIncoming(bodies, object.json, 'json', travelling(definition, target).kind);
  if (object?.message !== undefined) return incomingMessage(object.message);
  throw badRequest('the request carries no object');
}

/** Handlers of the service. */
export function resourcesService(parts: ResourcesParts): Readonly<Record<string, Handler>> {
  const { registry, chain, bodies } = parts;

  const findRemote: Registry['definition'] = (group, version, resource) =>
    parts.definitions().find((each) => each.group === group && each.version === version && each.resource === resource);

  /** Takes a call through the chain to `work`. */
  const pass = <T>(
    verb: string,
    request: { readonly target: wire.Target | null; readonly fieldSelector?: string; readonly limit?: string },
    call: CallInfo,
    work: (passed: Passed) => Promise<T>,
  ): Promise<T> => {
    const target = targetOf(request.target);
    const warnings: string[] = [];
    const chained = {
      ...call,
      impersonation: undefined,
      attributes: attributesOf(verb, target, request.fieldSelector ?? ''),
      longRunning: verb === 'watch',
      seats:
        verb === 'list'
          ? seatsFor(Math.min(registry.size(target), int64(request.limit ?? '') || Number.POSITIVE_INFINITY))
          : 1,
      warn: (text: string) => void warnings.push(text),
    };
    return chain(chained, (context) => {
      const far = parts.elsewhere(target);
      const definition = resolve(far === undefined ? registry : { definition: findRemote }, target, verb);
      return work({ context, target, definition, verbs: far ?? registry, warnings });
    });
  };

  const tableOptions = (definition: Definition) => ({
    version: 'v1' as const,
    columns: registry.columns(definition, ''),
    includeObject: 'Metadata' as const,
    nowMs: parts.clock.now(),
  });

  const objectOf = (passed: Passed, answer: Answer, accept: wire.Encoding): wire.ObjectMessage => {
    const { warnings } = passed;
    if (accept === 'ENCODING_PROTOBUF') return { message: messageOf(answer.text), warnings };
    if (accept === 'ENCODING_TABLE')
      return { json: tableOfOne(answer.text, tableOptions(passed.definition)), warnings };
    return { json: answer.text, warnings };
  };

  const listOf = ({ definition }: Passed, list: ListAnswer, accept: wire.Encoding): Promise<Pieces> =>
    listPieces(list, accept, () => tableOptions(definition));

  return {
    Get: unary((request: wire.GetRequest, call) =>
      pass('get', request, call, async (passed) => {
        const options = { resourceVersion: request.resourceVersion };
        return objectOf(passed, await passed.verbs.get(passed.context, passed.target, options), request.accept);
      }),
    ),
    List: unaryInPieces((request: wire.ListRequest, call) =>
      pass('list', request, call, async (passed) => {
        const options = listOptionsOf(request);
        const fault = listOptionsFault(options, undefined);
        if (fault !== undefined) throw fault;
        return listOf(passed, await passed.verbs.list(passed.context, passed.target, options), request.accept);
      }),
    ),
    Create: unary((request: wire.CreateRequest, call) =>
      pass('create', request, call, async (passed) => {
        const options = writeOptionsOf(request.options, { kind: 'CreateOptions' });
        const body = await incomingOf(bodies, passed, request.object);
        return objectOf(
          passed,
          await passed.verbs.create(passed.context, passed.target, body, options),
          request.accept,
        );
      }),
    ),
    Update: unary((request: wire.UpdateRequest, call) =>
      pass('update', request, call, async (passed) => {
        const options = writeOptionsOf(request.options, { kind: 'UpdateOptions' });
        const body = await incomingOf(bodies, passed, request.object);
        return objectOf(
          passed,
          await passed.verbs.update(passed.context, passed.target, body, options),
          request.accept,
        );
      }),
    ),
    Patch: unary((request: wire.PatchRequest, call) =>
      pass('patch', request, call, async (passed) => {
        const type = patchTypes[request.type];
        if (type === undefined) throw badRequest('the request names no patch type');
        const { force } = request;
        const write = { kind: 'PatchOptions', patch: type, force: force || undefined } as const;
        const options = writeOptionsOf(request.options, write);
        const patch = { ...(await decodePatch(bodies, request.patch, type)), type, force };
        return objectOf(
          passed,
          await passed.verbs.patch(passed.context, passed.target, patch, options),
          request.accept,
        );
      }),
    ),
    Delete: unary((request: wire.DeleteRequest, call) =>
      pass('delete', request, call, async (passed) => {
        const options = deleteOptionsOf(request.options);
        return objectOf(passed, await passed.verbs.delete(passed.context, passed.target, options), request.accept);
      }),
    ),
    DeleteCollection: unaryInPieces((request: wire.DeleteCollectionRequest, call) =>
      pass('deletecollection', request, call, async (passed) => {
        const { labelSelector, fieldSelector } = request;
        const list = { labelSelector, fieldSelector, ...noSelection };
        const options = deleteOptionsOf(request.options);
        const answer = await passed.verbs.deleteCollection(passed.context, passed.target, list, options);
        return listOf(passed, answer, 'ENCODING_JSON');
      }),
    ),
    Watch: byteStream((request: wire.WatchRequest, call, send) =>
      pass('watch', request, call, async (passed) => {
        const options = watchOptionsOf(request);
        const fault = watchOptionsFault(options, '');
        if (fault !== undefined) throw fault;
        const timeoutSeconds = watchTimeoutSeconds(options, parts.random);
        const batches = await passed.verbs.watch(passed.context, passed.target, { ...options, timeoutSeconds });
        const form = { accept: request.accept, table: () => tableOptions(passed.definition) };
        await sendBatches(batches, form, send, { clock: parts.clock, signal: passed.context.signal });
      }),
    ),
    Discover: unary((_request: object, call): Promise<wire.ObjectMessage> => {
      const warnings: string[] = [];
      const chained = {
        ...call,
        impersonation: undefined,
        attributes: { type: 'path', verb: 'get', path: '/apis' } as const,
        longRunning: false,
        warn: (text: string) => void warnings.push(text),
      };
      return chain(chained, async () => {
        const json = JSON.stringify(aggregatedDocument(groupsOf(parts.definitions()), 'v2'));
        return { json, warnings };
      });
    }),
  };
}

function watchOptionsOf(request: wire.WatchRequest): WatchOptions {
  return {
    labelSelector: request.labelSelector,
    fieldSelector: request.fieldSelector,
    resourceVersion: request.resourceVersion,
    resourceVersionMatch: request.sendInitialEvents ? 'NotOlderThan' : '',
    allowBookmarks: request.allowBookmarks,
    sendInitialEvents: request.sendInitialEvents || undefined,
    timeoutSeconds: int64(request.timeoutSeconds) || undefined,
  };
}
