/** A whole registry in memory, for tests of whatever stands on one. Time stands still until the test steps it. */
import { ApiError, apiVersionOf, type Clock, type JsonObject, type Logger, type Random, type Status } from '@skiff/api';
import { createMemoryStore, type MemoryStore } from '../storage/memory/store.ts';
import { createWatchCache } from '../watch/cache.ts';
import type { WatchCache } from '../watch/contract.ts';
import type {
  Answer,
  DeleteOptions,
  ListOptions,
  PatchType,
  Registry,
  RequestContext,
  Target,
  WatchOptions,
  WriteOptions,
} from './contract.ts';
import { createRegistry, type ExtensibleRegistry, type RegistryOptions } from './registry.ts';

/** A clock that moves when told to. */
export interface StepClock extends Clock {
  /** Moves on by `ms` and runs what fell due on the way, in order. */
  step(ms: number): void;
}

export function createStepClock(startMs: number = Date.UTC(2026, 0, 2, 3, 4, 5)): StepClock {
  let nowMs = startMs;
  const timers = new Set<{ readonly dueMs: number; readonly run: () => void }>();
  const after: Clock['after'] = (delayMs, run) => {
    const timer = { dueMs: nowMs + delayMs, run };
    timers.add(timer);
    return { cancel: () => timers.delete(timer) };
  };
  return {
    now: () => nowMs,
    after,
    sleep: (delayMs, signal) =>
      new Promise((resolve, reject) => {
        const timer = after(delayMs, resolve);
        signal?.addEventListener('abort', () => {
          timer.cancel();
          reject(signal.reason);
        });
      }),
    step(ms) {
      const endMs = nowMs + ms;
      for (;;) {
        const [next] = [...timers].filter((timer) => timer.dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs);
        if (next === undefined) break;
        timers.delete(next);
        nowMs = Math.max(nowMs, next.dueMs);
        next.run();
      }
      nowMs = endMs;
    },
  };
}

/** The same numbers every time (mulberry32). */
export function createSeededRandom(seed = 1): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};

export interface MemoryRegistry {
  readonly registry: ExtensibleRegistry;
  readonly store: MemoryStore;
  readonly cache: WatchCache;
  readonly clock: StepClock;
  readonly random: Random;
  readonly call: Caller;
  close(): Promise<void>;
}

/** A registry on an empty memory store that already has the namespace `default` with its service account. */
export async function createMemoryRegistry(options: Partial<RegistryOptions> = {}): Promise<MemoryRegistry> {
  const store = createMemoryStore();
  const clock = createStepClock();
  const random = createSeededRandom();
  const cache = createWatchCache({ store, clock, random, logger: silentLogger });
  const registry = createRegistry({ store, cache, clock, random, logger: silentLogger, admission: [], ...options });
  await cache.synced();
  const write = (of: string, namespace: string, object: JsonObject) =>
    registry.create(testContext(), target(of, namespace), { document: object, duplicates: [] }, writeOptions());
  await write('namespaces', '', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
  await write('serviceaccounts', 'default', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default' },
  });
  await cache.reaches(await store.revision(), 1_000);
  return {
    registry,
    store,
    cache,
    clock,
    random,
    call: callerOf(registry),
    async close() {
      await cache.close();
      await store.close();
    },
  };
}

/** A request of an administrator. `warnings` collects what the user would be told. */
export function testContext(
  signal: AbortSignal = new AbortController().signal,
): RequestContext & { warnings: string[] } {
  const warnings: string[] = [];
  return {
    user: { name: 'admin', uid: '', groups: ['system:masters', 'system:authenticated'], extra: {} },
    userAgent: 'test/1.0',
    signal,
    warnings,
    warn: (text) => warnings.push(text),
  };
}

/** Calls of a registry without their usual options, answered with objects. */
export interface Caller {
  create(of: string, namespace: string, object: JsonObject, options?: Partial<WriteOptions>): Promise<JsonObject>;
  get(of: string, namespace: string, name: string): Promise<JsonObject>;
  update(of: string, namespace: string, name: string, object: JsonObject): Promise<JsonObject>;
  patch(of: string, namespace: string, name: string, type: PatchType, patch: unknown): Promise<JsonObject>;
  apply(
    of: string,
    namespace: string,
    name: string,
    config: JsonObject,
    manager: string,
    force?: boolean,
  ): Promise<JsonObject>;
  remove(of: string, namespace: string, name: string, options?: Partial<DeleteOptions>): Promise<JsonObject>;
  names(of: string, namespace: string, options?: Partial<ListOptions>): Promise<readonly string[]>;
}

/** Documents are copied on the way in: a registry uses them up. */
export function callerOf(registry: Registry): Caller {
  const read = async (answer: Promise<Answer>): Promise<JsonObject> => JSON.parse((await answer).text);
  const body = (document: JsonObject) => ({ document: structuredClone(document), duplicates: [] });
  /** As clients do, it says what it is. */
  const typed = (of: string, document: JsonObject) => {
    const { group, version, resource } = target(of, '');
    const definition = registry.definition(group, version, resource);
    const type: JsonObject =
      definition === undefined ? {} : { apiVersion: apiVersionOf(definition), kind: definition.kind };
    return body({ ...type, ...document });
  };
  const patch: Registry['patch'] = (...parameters) => registry.patch(...parameters);
  return {
    create: (of, namespace, object, options) =>
      read(registry.create(testContext(), target(of, namespace), typed(of, object), writeOptions(options))),
    get: (of, namespace, name) =>
      read(registry.get(testContext(), target(of, namespace, name), { resourceVersion: '' })),
    update: (of, namespace, name, object) =>
      read(registry.update(testContext(), target(of, namespace, name), typed(of, object), writeOptions())),
    patch: (of, namespace, name, type, change) =>
      read(
        patch(
          testContext(),
          target(of, namespace, name),
          { type, patch: structuredClone(change), duplicates: [], force: false },
          writeOptions(),
        ),
      ),
    apply: (of, namespace, name, config, fieldManager, force = false) =>
      read(
        patch(
          testContext(),
          target(of, namespace, name),
          { type: 'apply', patch: structuredClone(config), duplicates: [], force },
          writeOptions({ fieldManager }),
        ),
      ),
    remove: (of, namespace, name, options) =>
      read(registry.delete(testContext(), target(of, namespace, name), deleteOptions(options))),
    async names(of, namespace, options) {
      const { items } = await registry.list(testContext(), target(of, namespace), listOptions(options));
      return items.map((text) => JSON.parse(text).metadata.name);
    },
  };
}

/** `pods`, `pods/status`, `apps/v1/deployments/scale`: what a test is about. */
export function target(of: string, namespace = '', name = ''): Target {
  const parts = of.split('/');
  const qualified = parts.length > 2;
  const [resource = '', subresource = ''] = qualified ? parts.slice(2) : parts;
  const [group = '', version = 'v1'] = qualified ? parts : [];
  return { group, version, resource, namespace, name, subresource };
}

export const writeOptions = (options: Partial<WriteOptions> = {}): WriteOptions => ({
  dryRun: false,
  fieldManager: '',
  fieldValidation: 'Strict',
  ...options,
});

export const deleteOptions = (options: Partial<DeleteOptions> = {}): DeleteOptions => ({
  dryRun: false,
  gracePeriodSeconds: undefined,
  propagationPolicy: undefined,
  preconditions: { uid: undefined, resourceVersion: undefined },
  ...options,
});

export const listOptions = (options: Partial<ListOptions> = {}): ListOptions => ({
  labelSelector: '',
  fieldSelector: '',
  limit: 0,
  continue: '',
  resourceVersion: '',
  resourceVersionMatch: '',
  ...options,
});

export const watchOptions = (options: Partial<WatchOptions> = {}): WatchOptions => ({
  labelSelector: '',
  fieldSelector: '',
  resourceVersion: '',
  resourceVersionMatch: '',
  allowBookmarks: false,
  sendInitialEvents: undefined,
  timeoutSeconds: undefined,
  ...options,
});

/** The Status of what `work` is refused with. Throws when it is not refused. */
export async function statusOf(work: Promise<unknown>): Promise<Status> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ApiError) return error.status;
  throw error ?? new Error('expected a refusal');
}
