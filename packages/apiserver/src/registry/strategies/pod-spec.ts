/** What every pod spec, alone or in a template, is brought to. */
import type { JsonObject } from '@skiff/api';
import { objectAt, objectsAt, own, put, textAt } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';

/** The strategy of a kind that holds a pod spec under `path`. */
export const holdsPodSpec = (path: readonly string[], strategy: Strategy): Strategy => ({
  ...strategy,
  normalise(object) {
    normalisePodSpec(objectAt(object, ...path));
    strategy.normalise?.(object);
  },
  prepareForCreate(object, nowMs, user) {
    dropUserNamespaces(objectAt(object, ...path), undefined);
    strategy.prepareForCreate?.(object, nowMs, user);
  },
  prepareForUpdate(object, old, nowMs) {
    dropUserNamespaces(objectAt(object, ...path), objectAt(old, ...path));
    strategy.prepareForUpdate?.(object, old, nowMs);
  },
});

/**
 * `serviceAccount` is the old name of `serviceAccountName`; both are always shown. A container's `resources` are always shown too: typed
 * clients send them empty, and a template that a client sent back must be the template it was.
 */
function normalisePodSpec(spec: JsonObject | undefined): void {
  if (spec === undefined) return;
  for (const container of containersOf(spec))
    if (own(container, 'resources') === undefined) put(container, 'resources', {});
  const name = textAt(spec, 'serviceAccountName') || textAt(spec, 'serviceAccount');
  if (name === '') return;
  put(spec, 'serviceAccountName', name);
  put(spec, 'serviceAccount', name);
}

/**
 * Pods have no user namespaces of their own, as in Kubernetes 1.32 without its gates UserNamespacesSupport and ProcMountType: `hostUsers`
 * is left out, and `procMount` is Default, unless the object had something else before (api/pod's DropDisabledPodFields).
 */
export function dropUserNamespaces(spec: JsonObject | undefined, old: JsonObject | undefined): void {
  if (spec === undefined) return;
  if (own(old ?? {}, 'hostUsers') === undefined) delete spec.hostUsers;
  if (old !== undefined && contextsOf(old).some((context) => textAt(context, 'procMount') === 'Unmasked')) return;
  for (const context of contextsOf(spec))
    if (own(context, 'procMount') !== undefined) put(context, 'procMount', 'Default');
}

const containersOf = (spec: JsonObject): readonly JsonObject[] =>
  ['containers', 'initContainers', 'ephemeralContainers'].flatMap((kind) => objectsAt(spec, kind));

const contextsOf = (spec: JsonObject): readonly JsonObject[] =>
  containersOf(spec)
    .map((container) => objectAt(container, 'securityContext'))
    .filter((context) => context !== undefined);
