/** The end of a CustomResourceDefinition: its objects are deleted, and when none is left, what holds it is taken away. */
import { type Clock, isReason, type JsonObject } from '@skiff/api';
import { childObject, objectsAt, put } from '../../patch/values.ts';
import type { Kind } from '../../registry/definition-table.ts';
import { finalizersOf, metaOf } from '../../registry/meta.ts';
import type { ExtensibleRegistry } from '../../registry/registry.ts';
import { cleanupFinalizer } from '../../registry/strategies/custom-resource-definitions.ts';
import { systemContext } from '../../registry/system-context.ts';
import { withCondition } from './conditions.ts';
import type { Condition } from './types.ts';

export interface CleanUp {
  readonly registry: ExtensibleRegistry;
  readonly clock: Clock;
  /** The definition's. */
  readonly name: string;
  /** What it serves; none when its names were never accepted. */
  readonly kinds: readonly Kind[];
}

const crds = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions', namespace: '' };
const everything = {
  ...{ labelSelector: '', fieldSelector: '', limit: 0, continue: '', resourceVersion: '', resourceVersionMatch: '' },
};
const options = {
  ...{ dryRun: false, gracePeriodSeconds: undefined, propagationPolicy: undefined },
  preconditions: { uid: undefined, resourceVersion: undefined },
};
const pollMs = 500;

/** Resolves when the definition is gone. Objects with finalizers of their own are waited for. */
export async function cleanUp(work: CleanUp, signal: AbortSignal): Promise<void> {
  const progress = terminating('True', 'InstanceDeletionInProgress', 'CustomResource deletion is in progress');
  if (!(await report(work, signal, progress))) return;
  const [kind] = work.kinds;
  if (kind !== undefined) await removeObjects(work, kind, signal);
  const done =
    kind === undefined
      ? terminating('False', 'NeverEstablished', 'resource was never established')
      : terminating('False', 'InstanceDeletionCompleted', 'removed all instances');
  if (await report(work, signal, done)) await release(work, signal);
}

const terminating = (status: string, reason: string, message: string): Condition => ({
  ...{ type: 'Terminating', status, reason, message },
});

async function removeObjects({ registry, clock }: CleanUp, kind: Kind, signal: AbortSignal): Promise<void> {
  const { group, version, resource } = kind.definition;
  const all = { group, version, resource, namespace: '', name: '', subresource: '' };
  for (;;) {
    await registry.deleteCollection(systemContext(signal), all, everything, options);
    const left = await registry.list(systemContext(signal), all, { ...everything, limit: 1 });
    if (left.items.length === 0) return;
    await clock.sleep(pollMs, signal);
  }
}

/** Writes a condition. False when the definition is gone. */
async function report(work: CleanUp, signal: AbortSignal, condition: Condition): Promise<boolean> {
  return change(work, signal, 'status', (object) => {
    const status = childObject(object, 'status');
    const conditions = objectsAt(status, 'conditions') as unknown as readonly Condition[];
    put(status, 'conditions', withCondition(conditions, condition, work.clock.now()) as unknown as JsonObject[]);
  });
}

async function release(work: CleanUp, signal: AbortSignal): Promise<void> {
  await change(work, signal, '', (object) => {
    const kept = finalizersOf(object).filter((each) => each !== cleanupFinalizer);
    put(metaOf(object), 'finalizers', [...kept]);
  });
}

async function change(
  { registry, name }: CleanUp,
  signal: AbortSignal,
  subresource: string,
  edit: (object: JsonObject) => void,
): Promise<boolean> {
  const context = systemContext(signal);
  for (;;) {
    try {
      const target = { ...crds, name, subresource };
      const { text } = await registry.get(context, { ...target, subresource: '' }, { resourceVersion: '' });
      const document = JSON.parse(text) as JsonObject;
      edit(document);
      const write = { dryRun: false, fieldManager: 'kube-apiserver', fieldValidation: 'Ignore' } as const;
      await registry.update(context, target, { document, duplicates: [] }, write);
      return true;
    } catch (error) {
      if (isReason(error, 'NotFound')) return false;
      if (!isReason(error, 'Conflict')) throw error;
    }
  }
}
