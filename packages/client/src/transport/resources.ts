/** Typed collections over skiff.v1.Resources. */
import type { ApiObject, Draft, Json } from '@skiff/api';
import { ApiError } from '@skiff/api';
import {
  type Encoding,
  type ObjectList,
  type ObjectMessage,
  services,
  type Target,
  type WatchBatch,
  type WatchEvent as WireEvent,
  type PatchType as WirePatchType,
  type WriteOptions as WireWriteOptions,
} from '@skiff/api/wire';
import type {
  DeleteOptions,
  ListOptions,
  PatchType,
  ResourceClient,
  ResourceOf,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../contract.ts';
import { type CallContext, serverStream, unary } from './calls.ts';

const unaryTimeoutMs = 30_000;
/** A list of everything may take longer. */
const listTimeoutMs = 60_000;

const patchTypes: Readonly<Record<PatchType, WirePatchType>> = {
  json: 'PATCH_TYPE_JSON',
  merge: 'PATCH_TYPE_MERGE',
  strategic: 'PATCH_TYPE_STRATEGIC',
  apply: 'PATCH_TYPE_APPLY',
};

export function resourceClient<T extends ApiObject>(context: CallContext, resource: ResourceOf<T>): ResourceClient<T> {
  const target = (namespace: string, name = '', subresource = ''): Target => ({
    group: resource.group,
    version: resource.version,
    resource: resource.resource,
    namespace: resource.namespaced ? namespace : '',
    name,
    subresource,
  });

  async function call(name: string, request: object, signal: AbortSignal | undefined): Promise<T> {
    const answer = await unary<ObjectMessage>(context, services.Resources, name, request, {
      timeoutMs: unaryTimeoutMs,
      signal,
    });
    return JSON.parse(answer.json ?? '') as T;
  }

  const update = (object: T, subresource: string, options: WriteOptions = {}): Promise<T> =>
    call(
      'Update',
      {
        target: target(object.metadata.namespace ?? '', object.metadata.name, subresource),
        object: { json: JSON.stringify(object) },
        options: writeOptions(options),
      },
      options.signal,
    );

  return {
    resource,
    get: (namespace, name) => call('Get', { target: target(namespace, name) }, undefined),
    async list(options: ListOptions = {}) {
      const request = {
        target: target(options.namespace ?? ''),
        ...selection(options),
        limit: String(options.limit ?? 0),
        continue: options.continue ?? '',
        resourceVersion: options.resourceVersion ?? '',
      };
      const list = await unary<ObjectList>(context, services.Resources, 'List', request, {
        timeoutMs: listTimeoutMs,
        signal: options.signal,
      });
      return {
        items: list.items.map((text) => JSON.parse(text) as T),
        resourceVersion: list.resourceVersion,
        continue: list.continue,
      };
    },
    create: (object: Draft<T>, options = {}) =>
      call(
        'Create',
        {
          target: target(object.metadata.namespace ?? ''),
          object: { json: JSON.stringify(object) },
          options: writeOptions(options),
        },
        options.signal,
      ),
    update: (object, options) => update(object, options?.subresource ?? '', options),
    updateStatus: (object, options) => update(object, 'status', options),
    patch: (namespace, name, type, patch, options = {}) =>
      call(
        'Patch',
        {
          target: target(namespace, name, options.subresource ?? ''),
          type: patchTypes[type],
          patch: JSON.stringify(patch),
          options: writeOptions(options),
          force: options.force ?? false,
        },
        options.signal,
      ),
    async delete(namespace, name, options = {}) {
      await unary(
        context,
        services.Resources,
        'Delete',
        { target: target(namespace, name), options: deleteOptions(options) },
        { timeoutMs: unaryTimeoutMs, signal: options.signal },
      );
    },
    async deleteCollection(options) {
      const request = {
        target: target(options.namespace ?? ''),
        ...selection(options),
        options: deleteOptions(options),
      };
      await unary(context, services.Resources, 'DeleteCollection', request, {
        timeoutMs: listTimeoutMs,
        signal: options.signal,
      });
    },
    async createSubresource(namespace, name, subresource, body) {
      const request = {
        target: target(namespace, name, subresource),
        object: { json: JSON.stringify(body) },
        options: writeOptions({}),
      };
      const answer = await unary<ObjectMessage>(context, services.Resources, 'Create', request, {
        timeoutMs: unaryTimeoutMs,
      });
      return JSON.parse(answer.json ?? 'null') as Json;
    },
    async *watch(options) {
      const batches = watchBatches(context, target(options.namespace ?? ''), options);
      for await (const { events } of batches) yield events.map((event) => toEvent<T>(event));
    },
  };
}

const selection = (options: { labelSelector?: string; fieldSelector?: string }) => ({
  labelSelector: options.labelSelector ?? '',
  fieldSelector: options.fieldSelector ?? '',
});

const writeOptions = (options: WriteOptions): WireWriteOptions => ({
  dryRun: options.dryRun ?? false,
  fieldManager: options.fieldManager ?? '',
  fieldValidation: options.fieldValidation ?? '',
});

const deleteOptions = (options: DeleteOptions): object => ({
  ...(options.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: String(options.gracePeriodSeconds) }),
  propagationPolicy: options.propagationPolicy ?? '',
  uid: options.uid ?? '',
  resourceVersion: options.resourceVersion ?? '',
});

/**
 * A watch with bookmarks. The server sends one at least every minute, so a stream that is silent for longer than two is
 * dead, whatever the connection says: it ends with ServiceUnavailable.
 */
const silenceMs = 150_000;

export async function* watchBatches(
  context: CallContext,
  target: Target,
  options: WatchOptions,
  accept: Encoding = 'ENCODING_JSON',
): AsyncIterable<WatchBatch> {
  const watchdog = new AbortController();
  const signal = AbortSignal.any([options.signal, watchdog.signal]);
  const request = {
    target,
    ...selection(options),
    resourceVersion: options.resourceVersion ?? '',
    allowBookmarks: true,
    accept,
  };
  const guard = () => context.clock.after(silenceMs, () => watchdog.abort());
  let timer = guard();
  try {
    for await (const batch of serverStream<WatchBatch>(context, services.Resources, 'Watch', request, signal)) {
      timer.cancel();
      timer = guard();
      yield batch;
    }
  } finally {
    timer.cancel();
  }
  if (watchdog.signal.aborted)
    throw new ApiError('ServiceUnavailable', `the watch was silent for ${silenceMs / 1000} s`);
}

function toEvent<T extends ApiObject>({ type, json }: WireEvent): WatchEvent<T> {
  const object = JSON.parse(json) as T;
  switch (type) {
    case 'EVENT_TYPE_ADDED':
      return { type: 'ADDED', object };
    case 'EVENT_TYPE_MODIFIED':
      return { type: 'MODIFIED', object };
    case 'EVENT_TYPE_DELETED':
      return { type: 'DELETED', object };
    case 'EVENT_TYPE_BOOKMARK':
      return { type: 'BOOKMARK', resourceVersion: object.metadata.resourceVersion };
    case 'EVENT_TYPE_UNSPECIFIED':
      throw new ApiError('InternalError', 'the server sent an event without a type');
  }
}
