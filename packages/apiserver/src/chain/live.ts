/** Collections that the chain itself must know (roles, bindings, pods), kept current by list and watch on the registry. */
import { type Clock, isReason, type JsonObject, type Logger } from '@skiff/api';
import { decode } from '@skiff/api/validation';
import type { Registry, Target } from '../registry/contract.ts';
import { systemContext } from '../registry/system-context.ts';

/** What a live collection keeps of each object. */
export interface LiveView<T> {
  /** By `namespace/name`; a cluster-scoped object has an empty namespace. */
  readonly objects: ReadonlyMap<string, T>;
  /** Grows with every change: a cheap way to know that something derived is out of date. */
  readonly version: number;
}

export const liveKey = (namespace: string, name: string): string => `${namespace}/${name}`;

export interface LiveOptions<T> {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly collection: Pick<Target, 'group' | 'version' | 'resource'>;
  /** Takes what is needed of an object; undefined leaves it out. */
  readonly project: (object: JsonObject) => T | undefined;
  readonly signal: AbortSignal;
  /** Called after each change. */
  readonly onChange?: () => void;
}

export interface LiveCollection<T> extends LiveView<T> {
  /** Resolves when everything that existed at start is known. */
  synced(): Promise<void>;
  /** Ends with the signal. */
  readonly done: Promise<void>;
}

const retryMs = 1000;

/** Starts to follow a collection. A fault is logged and followed by a new list: what was known stays known meanwhile. */
export function follow<T>(options: LiveOptions<T>): LiveCollection<T> {
  const { registry, collection, signal, logger } = options;
  const target: Target = { ...collection, namespace: '', name: '', subresource: '' };
  let objects = new Map<string, T>();
  let version = 0;
  const first = Promise.withResolvers<void>();

  /** Whoever writes to the store itself may write anything: what is not of its kind is left out, alone. */
  const read = (object: JsonObject, key: string): T | undefined => {
    const schema = registry.definition(collection.group, collection.version, collection.resource)?.schema();
    const { value, faults } = schema === undefined ? { value: object, faults: [] } : decode(schema, object);
    const [fault] = faults;
    if (fault === undefined) return options.project(value as JsonObject);
    logger.error({ resource: collection.resource, key, fault }, 'a stored object is not of its kind; it is left out');
    return undefined;
  };

  const apply = (into: Map<string, T>, type: string, text: string): void => {
    const object = JSON.parse(text) as JsonObject;
    const key = liveKey(identityOf(object).namespace, identityOf(object).name);
    const value = type === 'DELETED' ? undefined : read(object, key);
    if (value === undefined) into.delete(key);
    else into.set(key, value);
  };

  const list = async (): Promise<string> => {
    const answer = await registry.list(systemContext(signal), target, { ...everything, limit: 0, continue: '' });
    const next = new Map<string, T>();
    for (const item of answer.items) apply(next, 'ADDED', item);
    objects = next;
    version++;
    first.resolve();
    options.onChange?.();
    return answer.resourceVersion;
  };

  const watch = async (after: string): Promise<void> => {
    const query = { ...everything, resourceVersion: after, allowBookmarks: false };
    const batches = await registry.watch(systemContext(signal), target, {
      ...query,
      sendInitialEvents: undefined,
      timeoutSeconds: undefined,
    });
    for await (const batch of batches) {
      for (const event of batch) if (event.type !== 'BOOKMARK') apply(objects, event.type, event.text);
      version++;
      options.onChange?.();
    }
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await watch(await list());
      } catch (error) {
        if (signal.aborted) return;
        if (!isReason(error, 'Expired', 'Gone'))
          logger.warn({ err: error, resource: collection.resource }, 'following a collection failed; trying again');
        await options.clock.sleep(retryMs, signal).catch(() => {});
      }
    }
  };

  return {
    get objects() {
      return objects;
    },
    get version() {
      return version;
    },
    synced: () => first.promise,
    done: run(),
  };
}

const everything = { labelSelector: '', fieldSelector: '', resourceVersion: '', resourceVersionMatch: '' } as const;

/** Namespace and name of a stored document. */
export function identityOf(object: JsonObject): { readonly namespace: string; readonly name: string } {
  const metadata = object.metadata;
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return { namespace: '', name: '' };
  const { namespace, name } = metadata;
  return { namespace: typeof namespace === 'string' ? namespace : '', name: typeof name === 'string' ? name : '' };
}
