/** Makes what must exist before anyone can use a cluster, where it is missing, and mends what has its own rule for that. Several servers may do so at once. */
import { type Clock, isReason, type JsonObject, type Logger } from '@skiff/api';
import { textAt } from '../patch/values.ts';
import type { Registry, Target } from './contract.ts';
import { systemContext } from './system-context.ts';

/** `object` carries its version in `apiVersion`; all of them are served as v1. */
export interface BootstrapObject {
  readonly group: string;
  readonly resource: string;
  readonly object: JsonObject;
  /** What to do with one that exists; absent: it stays as it is. */
  readonly reconcile?: (current: JsonObject, wanted: JsonObject) => Reconciled;
}

/** An object to store in place of the one that is there; undefined: it is as it should be. */
export type Reconciled = JsonObject | 'recreate' | undefined;

export interface BootstrapOptions {
  readonly registry: Registry;
  /** In the order they can be made. */
  readonly objects: readonly BootstrapObject[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const writeOptions = { dryRun: false, fieldManager: 'skiff-apiserver', fieldValidation: 'Strict' } as const;
const deleteOptions = {
  ...{ dryRun: false, gracePeriodSeconds: undefined, propagationPolicy: undefined },
  preconditions: { uid: undefined, resourceVersion: undefined },
} as const;
const retryMs = 1000;

/** Tries until all of it is there. Resolves then; rejects when the signal aborts. Safe to run again. */
export async function bootstrap(options: BootstrapOptions): Promise<void> {
  const { clock, logger, signal } = options;
  let made = 0;
  for (const wanted of options.objects) {
    for (;;) {
      try {
        if (await ensure(options, wanted)) made += 1;
        break;
      } catch (error) {
        signal.throwIfAborted();
        const { resource, object } = wanted;
        const name = textAt(object, 'metadata', 'name');
        logger.warn({ err: error, resource, name }, 'bootstrapping failed; trying again');
        await clock.sleep(retryMs, signal);
      }
    }
  }
  if (made > 0) logger.info({ objects: made }, 'made or mended what every cluster needs');
}

/** Makes or mends one object; true when there was something to do. Losing the race to another server is as good as winning it. */
async function ensure({ registry, signal }: BootstrapOptions, wanted: BootstrapObject): Promise<boolean> {
  const { group, resource, object, reconcile } = wanted;
  const context = systemContext(signal);
  const namespace = textAt(object, 'metadata', 'namespace');
  const target: Target = {
    ...{ group, version: 'v1', resource, namespace },
    ...{ name: textAt(object, 'metadata', 'name'), subresource: '' },
  };
  const read = (resourceVersion: string): Promise<JsonObject | undefined> =>
    registry.get(context, target, { resourceVersion }).then(
      ({ text }) => JSON.parse(text) as JsonObject,
      (error: unknown) => {
        if (isReason(error, 'NotFound')) return undefined;
        throw error;
      },
    );
  const create = (): Promise<unknown> => {
    const body = { document: structuredClone(object), duplicates: [] };
    return registry.create(context, { ...target, name: '' }, body, writeOptions);
  };
  // Nearly always it is there and as it should be, and the cache tells.
  const cached = await read('0');
  if (cached !== undefined && reconcile?.(cached, object) === undefined) return false;
  const current = await read('');
  if (current !== undefined) {
    const next = reconcile?.(current, object);
    if (next === undefined) return false;
    if (next !== 'recreate') {
      await registry.update(context, target, { document: next, duplicates: [] }, writeOptions);
      return true;
    }
    await registry.delete(context, target, deleteOptions);
  }
  try {
    await create();
    return true;
  } catch (error) {
    // A server that was faster made the object, or holds its address and is about to.
    if (isReason(error, 'AlreadyExists') || (await read('')) !== undefined) return false;
    throw error;
  }
}
