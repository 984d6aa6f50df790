/** A whole registry in memory, for tests of whatever stands on one. Time stands still until the test steps it. */
import type { Clock, JsonObject, Logger, Random } from '@skiff/api';
import { createMemoryStore, type MemoryStore } from '../storage/memory/store.ts';
import { createWatchCache } from '../watch/cache.ts';
import type { WatchCache } from '../watch/contract.ts';
import type { DeleteOptions, ListOptions, RequestContext, Target, WatchOptions, WriteOptions } from './contract.ts';
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
