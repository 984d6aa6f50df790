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
/** Asking for a server that is away costs it nothing, and when it is back nobody should go on with old news for long. */
const maxAwayMs = 5000;
/** Faults that say nothing about the version a watch goes on from. */
const passing = ['ServiceUnavailable', 'Timeout', 'ServerTimeout', 'TooManyRequests'] as const;

export class CachedInformer<T extends ApiObject> implements Informer<T> {
  readonly #resource: ResourceClient<T>;
  readonly #context: InformerContext;
  readonly #selection: Pick<InformerOptions<T>, 'namespace' | 'labelSelector' | 'fieldSelector'>;
  readonly #versions: InformerOptions<T>['versions'];
  readonly #transform: NonNullable<InformerOptions<T>['transform']>;
  readonly #store = new ObjectStore<T>();
  readonly #subscribers = new Set<Subscriber<T>>();
  readonly #firstSync = Promise.withResolvers<void>();
  /** The highest version seen: an answer below it comes from a replica that lags, and is refused. */
  #version: bigint;
  #synced = false;
  /** Tries since a watch last brought something. */
  #failures = 0;

  constructor(
    context: InformerContext,
    resource: ResourceOf<T>,
    { indexes, versions, transform, ...selection }: InformerOptions<T>,
  ) {
    this.#context = context;
    this.#resource = context.client.resource(resource);
    this.#selection = selection;
    this.#versions = versions;
    this.#transform = transform ?? ((object) => object);
    this.#version = versions?.lowest ?? 0n;
    this.addIndexes(indexes ?? {});
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
    const subscriber = { handler };
    this.#subscribers.add(subscriber);
    for (const object of this.#store.list()) this.#call(subscriber, { type: 'added', object });
    return () => this.#subscribers.delete(subscriber);
  }

  /** Lists and watches until the signal aborts; every fault is met by going on, with growing delay. */
  async run(signal: AbortSignal): Promise<void> {
    let listed = false;
    while (!signal.aborted) {
      let maxMs = maxBackoffMs;
      try {
        if (!listed) await this.#listAll(signal);
        listed = true;
        await this.#watch(signal);
      } catch (error) {
        // A connection that broke is taken up where it was; any other fault asks for a new list.
        listed &&= isReason(error, ...passing);
        if (isReason(error, 'ServiceUnavailable')) maxMs = maxAwayMs;
        const { logger } = this.#context;
        const level = isReason(error, 'Expired', 'Gone', ...passing) ? 'debug' : 'warn';
        if (!signal.aborted)
          logger[level]({ resource: this.#resource.resource.resource, err: error }, 'watch ended; going on');
      }
      await this.#backoff(maxMs, signal);
    }
  }

  /** Also after a watch that ended well: when a server stops, all its watchers come to the next one. */
  async #backoff(maxMs: number, signal: AbortSignal): Promise<void> {
    const delayMs = Math.min(firstBackoffMs * 2 ** Math.min(this.#failures, 20), maxMs);
    this.#failures += 1;
    await this.#context.clock.sleep(delayMs * (0.5 + this.#context.random()), signal).catch(() => undefined);
  }

  async #listAll(signal: AbortSignal): Promise<void> {
    let page = await this.#resource.list({ ...this.#selection, limit: pageSize, signal });
    const items = page.items.map(this.#transform);
    while (page.continue !== '') {
      page = await this.#resource.list({ ...this.#selection, limit: pageSize, continue: page.continue, signal });
      for (const item of page.items) items.push(this.#transform(item));
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
    const events = this.#resource.watch({ ...this.#selection, resourceVersion: String(this.#version), signal });
    for await (const batch of events) {
      for (const event of batch) this.#apply(event);
      this.#failures = 0;
    }
  }

  /** An event from before what is held already (a replica that lags, a repeat) changes nothing. */
  #apply(event: WatchEvent<T>): void {
    const version = BigInt(event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion);
    if (version < this.#version) return;
    if (event.type === 'DELETED') this.#remove(keyOf(event.object), event.object);
    else if (event.type !== 'BOOKMARK') this.#put(this.#transform(event.object));
    this.#see(version);
  }

  #see(version: bigint): void {
    if (version <= this.#version) return;
    this.#version = version;
    this.#versions?.onSeen(version);
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
    this.#store.remove(key);
    this.#tell({ type: 'removed', object: last ?? old });
  }

  /** Who subscribes while this runs learns of the change from the store. */
  #tell(change: Change<T>): void {
    for (const subscriber of [...this.#subscribers])
      if (this.#subscribers.has(subscriber)) this.#call(subscriber, change);
  }

  #call({ handler }: Subscriber<T>, change: Change<T>): void {
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

interface Subscriber<T extends ApiObject> {
  readonly handler: (change: Change<T>) => void;
}

const keyOf = (object: ApiObject): string => cacheKey(object.metadata.namespace, object.metadata.name);

function deepFreeze(value: unknown): void {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
}
