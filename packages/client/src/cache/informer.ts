/** A collection kept in memory: list, watch from there, and when the watch's version is gone list again. */
import { type ApiObject, type Clock, isReason, type Logger, type Random } from '@skiff/api';
import type { Change, Client, Informer, InformerOptions, ResourceClient, ResourceOf, WatchEvent } from '../contract.ts';
import { cacheKey, ObjectStore } from './store.ts';

export interface InformerContext {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Freezes every object deeply, so that a test catches whoever changes what the cache holds. */
  readonly freeze?: boolean;
}

const pageSize = 500;
const firstBackoffMs = 100;
const maxBackoffMs = 30_000;

export class CachedInformer<T extends ApiObject> implements Informer<T> {
  readonly #resource: ResourceClient<T>;
  readonly #context: InformerContext;
  readonly #options: InformerOptions<T>;
  readonly #store = new ObjectStore<T>();
  readonly #handlers = new Set<(change: Change<T>) => void>();
  readonly #firstSync = Promise.withResolvers<void>();
  /** The highest version seen: an answer below it comes from a replica that lags, and is refused. */
  #version: bigint;
  #synced = false;

  constructor(context: InformerContext, resource: ResourceOf<T>, options: InformerOptions<T>) {
    this.#context = context;
    this.#resource = context.client.resource(resource);
    this.#options = options;
    this.#version = options.versions?.lowest ?? 0n;
    this.addIndexes(options.indexes ?? {});
  }

  addIndexes(functions: NonNullable<InformerOptions<T>['indexes']>): void {
    this.#store.addIndexes(functions);
  }

  get hasSynced(): boolean {
    return this.#synced;
  }

  synced(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return this.#firstSync.promise;
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      void this.#firstSync.promise.then(() => {
        signal.removeEventListener('abort', abort);
        resolve();
      });
    });
  }

  get(namespace: string, name: string): T | undefined {
    return this.#store.get(cacheKey(namespace, name));
  }

  list(namespace?: string): readonly T[] {
    return this.#store.list(namespace);
  }

  byIndex(index: string, value: string): readonly T[] {
    return this.#store.byIndex(index, value);
  }

  onChange(handler: (change: Change<T>) => void): () => void {
    this.#handlers.add(handler);
    for (const object of this.#store.list()) handler({ type: 'added', object });
    return () => this.#handlers.delete(handler);
  }

  /** Lists and watches until the signal aborts; every fault is met by going on, with growing delay. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    let resume = false;
    while (!signal.aborted) {
      try {
        if (!resume) await this.#listAll(signal);
        failures = 0;
        await this.#watch(signal);
        resume = true;
      } catch (error) {
        if (signal.aborted) return;
        // A version that is gone needs a new list; a broken connection only goes on where it was.
        resume = this.#synced && !isReason(error, 'Expired', 'Gone');
        const { logger } = this.#context;
        const level = isReason(error, 'Expired', 'Gone', 'ServiceUnavailable') ? 'debug' : 'warn';
        logger[level]({ resource: this.#resource.resource.resource, err: error }, 'watch ended; going on');
        await this.#backoff(failures, signal);
        failures += 1;
      }
    }
  }

  async #backoff(failures: number, signal: AbortSignal): Promise<void> {
    const delayMs = Math.min(firstBackoffMs * 2 ** Math.min(failures, 20), maxBackoffMs);
    await this.#context.clock.sleep(delayMs * (0.5 + this.#context.random()), signal).catch(() => undefined);
  }

  async #listAll(signal: AbortSignal): Promise<void> {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    const selection = {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
    const items: T[] = [];
    let page = await this.#resource.list({ ...selection, limit: pageSize, signal });
    items.push(...page.items);
    while (page.continue !== '') {
      page = await this.#resource.list({ ...selection, limit: pageSize, continue: page.continue, signal });
      items.push(...page.items);
    }
    const version = BigInt(page.resourceVersion);
    if (version < this.#version)
      throw new Error(`a list at version ${version} is older than ${this.#version}, which was seen before`);
    this.#replace(items, version);
  }

  #replace(items: readonly T[], version: bigint): void {
    const present = new Set<string>();
    for (const item of items) {
      present.add(keyOf(item));
      this.#put(item);
    }
    for (const key of [...this.#store.keys()]) if (!present.has(key)) this.#remove(key, undefined);
    this.#see(version);
    this.#synced = true;
    this.#firstSync.resolve();
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    const events = this.#resource.watch({
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      resourceVersion: String(this.#version),
      signal,
    });
    for await (const batch of events) for (const event of batch) this.#apply(event);
  }

  #apply(event: WatchEvent<T>): void {
    const version = BigInt(event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion);
    if (event.type === 'DELETED') this.#remove(keyOf(event.object), event.object);
    else if (event.type !== 'BOOKMARK') this.#put(event.object);
    this.#see(version);
  }

  #see(version: bigint): void {
    if (version <= this.#version) return;
    this.#version = version;
    this.#options.versions?.onSeen(version);
  }

  #put(object: T): void {
    const key = keyOf(object);
    const old = this.#store.get(key);
    if (old !== undefined && BigInt(object.metadata.resourceVersion) <= BigInt(old.metadata.resourceVersion)) return;
    if (this.#context.freeze === true) deepFreeze(object);
    // A namesake that was deleted and made anew between two looks is two changes, not one.
    if (old !== undefined && old.metadata.uid !== object.metadata.uid) this.#remove(key, undefined);
    const before = this.#store.get(key);
    this.#store.put(key, object);
    this.#tell(before === undefined ? { type: 'added', object } : { type: 'updated', object, old: before });
  }

  #remove(key: string, last: T | undefined): void {
    const old = this.#store.get(key);
    if (old === undefined) return;
    if (last !== undefined && BigInt(last.metadata.resourceVersion) < BigInt(old.metadata.resourceVersion)) return;
    this.#store.remove(key);
    this.#tell({ type: 'removed', object: last ?? old });
  }

  #tell(change: Change<T>): void {
    for (const handler of this.#handlers) {
      try {
        handler(change);
      } catch (error) {
        this.#context.logger.error(
          { err: error, resource: this.#resource.resource.resource },
          'an informer’s handler threw: a bug',
        );
      }
    }
  }
}

const keyOf = (object: ApiObject): string => cacheKey(object.metadata.namespace, object.metadata.name);

function deepFreeze(value: unknown): void {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
}
