/** Deleting is a wish: finalizers and a pod's grace period come first. Pure. */
import { formatTime, type JsonObject } from '@skiff/api';
import type { DeleteOptions } from '../../contract.ts';
import { isObject, metaOf, own } from './document.ts';

/** The object after somebody asked to delete it; `gone` when nothing holds it back. */
export function markDeleted(
  stored: JsonObject,
  resource: string,
  options: DeleteOptions,
  nowMs: number,
): { readonly object: JsonObject; readonly gone: boolean } {
  const object = structuredClone(stored);
  const meta = metaOf(object);
  const graceSeconds = resource === 'pods' ? podGraceSeconds(object, options) : 0;
  const before = meta.deletionGracePeriodSeconds;
  if (meta.deletionTimestamp === undefined || (before !== undefined && graceSeconds < before)) {
    const startedMs =
      meta.deletionTimestamp === undefined ? nowMs : Date.parse(meta.deletionTimestamp) - (before ?? 0) * 1000;
    meta.deletionTimestamp = formatTime(startedMs + graceSeconds * 1000);
    meta.deletionGracePeriodSeconds = graceSeconds;
    if (meta.generation !== undefined) meta.generation += 1;
  }
  const finalizer = { Foreground: 'foregroundDeletion', Orphan: 'orphan', Background: '' }[
    options.propagationPolicy ?? 'Background'
  ];
  if (finalizer !== '' && !meta.finalizers?.includes(finalizer))
    meta.finalizers = [...(meta.finalizers ?? []), finalizer];
  if (resource === 'namespaces') object.status = { ...(object.status as JsonObject), phase: 'Terminating' };
  return { object, gone: isGone(object, resource) };
}

/** A deleted object that nothing holds back any longer. */
export function isGone(object: JsonObject, resource: string): boolean {
  const meta = metaOf(object);
  const spec = own(object, 'spec');
  const held = resource === 'namespaces' && isObject(spec) && Array.isArray(spec.finalizers) ? spec.finalizers : [];
  return (
    meta.deletionTimestamp !== undefined &&
    (meta.deletionGracePeriodSeconds ?? 0) === 0 &&
    (meta.finalizers ?? []).length === 0 &&
    held.length === 0
  );
}

/** A pod that no node runs, or that has finished, needs no time to stop. */
function podGraceSeconds(pod: JsonObject, options: DeleteOptions): number {
  const spec = pod.spec as { nodeName?: string; terminationGracePeriodSeconds?: number };
  const { phase } = (pod.status ?? {}) as { phase?: string };
  if (!spec.nodeName || phase === 'Succeeded' || phase === 'Failed') return 0;
  return options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30;
}
