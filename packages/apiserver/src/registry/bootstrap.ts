/** Makes what must exist before anyone can use a cluster, where it is missing. Several servers may do so at once. */
import { type Clock, isReason, type JsonObject, type Logger } from '@skiff/api';
import { textAt } from '../patch/values.ts';
import type { Registry, Target } from './contract.ts';
import { systemContext } from './system-context.ts';

/** `object` carries its version in `apiVersion`; all of them are served as v1. */
export interface BootstrapObject {
  readonly group: string;
  readonly resource: string;
  readonly object: JsonObject;
}

export interface BootstrapOptions {
  readonly registry: Registry;
  /** In the order they can be made. */
  readonly objects: readonly BootstrapObject[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const writeOptions = { dryRun: false, fieldManager: 'skiff-apiserver', fieldValidation: 'Strict' } as const;
const retryMs = 1000;

/** Tries until all of it is there. Resolves then; rejects when the signal aborts. Safe to run again. */
export async function bootstrap(options: BootstrapOptions): Promise<void> {
  const { clock, logger, signal } = options;
  let made = 0;
  for (const wanted of options.objects) {
    for (;;) {
      try {
        if (await createMissing(options, wanted)) made += 1;
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
  if (made > 0) logger.info({ objects: made }, 'made what a new cluster needs');
}

/** Creates one object; true when it was missing. Losing the race to another server is as good as winning it. */
async function createMissing({ registry, signal }: BootstrapOptions, wanted: BootstrapObject): Promise<boolean> {
  const { group, resource, object } = wanted;
  const context = systemContext(signal);
  const namespace = textAt(object, 'metadata', 'namespace');
  const target: Target = {
    ...{ group, version: 'v1', resource, namespace },
    ...{ name: textAt(object, 'metadata', 'name'), subresource: '' },
  };
  const exists = (): Promise<boolean> =>
    registry.get(context, target, { resourceVersion: '' }).then(
      () => true,
      (error: unknown) => {
        if (isReason(error, 'NotFound')) return false;
        throw error;
      },
    );
  if (await exists()) return false;
  try {
    const body = { document: structuredClone(object), duplicates: [] };
    await registry.create(context, { ...target, name: '' }, body, writeOptions);
    return true;
  } catch (error) {
    // A server that was faster made the object, or holds its address and is about to.
    if (isReason(error, 'AlreadyExists') || (await exists())) return false;
    throw error;
  }
}
