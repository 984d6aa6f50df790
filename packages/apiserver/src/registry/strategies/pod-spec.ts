/** What every pod spec, alone or in a template, is brought to. */
import type { JsonObject } from '@skiff/api';
import { objectAt, own, put, textAt } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';
import { containersOf, dropUngated } from './pod-gates.ts';

/** The strategy of a kind that holds a pod spec under `path`. */
export const holdsPodSpec = (path: readonly string[], strategy: Strategy): Strategy => ({
  ...strategy,
  normalise(object) {
    normalisePodSpec(objectAt(object, ...path));
    strategy.normalise?.(object);
  },
  prepareForCreate(object, nowMs, user) {
    dropUngated(objectAt(object, ...path), undefined);
    strategy.prepareForCreate?.(object, nowMs, user);
  },
  prepareForUpdate(object, old, nowMs) {
    dropUngated(objectAt(object, ...path), objectAt(old, ...path));
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
