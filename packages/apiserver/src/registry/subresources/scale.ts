/** `scale`: a workload's replica count as an autoscaling/v1 Scale. */
import { field, invalid, type JsonObject } from '@skiff/api';
import { childObject, numberAt, objectAt, own, put } from '../../patch/values.ts';
import { nameOf } from '../meta.ts';
import { selectorText } from '../selectors.ts';
import type { Projection } from './table.ts';

const shownMeta = ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp'];

export const scale: Projection = {
  type: 'projection',
  shown: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  get(_kind, object) {
    const metadata: JsonObject = {};
    for (const key of shownMeta) {
      const value = own(objectAt(object, 'metadata') ?? {}, key);
      if (value !== undefined) metadata[key] = value;
    }
    const replicas = numberAt(object, 'spec', 'replicas') ?? 0;
    const selector = shownSelector(object);
    return {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata,
      spec: (replicas === 0 ? {} : { replicas }) satisfies JsonObject as JsonObject,
      status: { replicas: numberAt(object, 'status', 'replicas') ?? 0, ...(selector === '' ? {} : { selector }) },
    };
  },
  put(_kind, object, part) {
    const replicas = numberAt(part, 'spec', 'replicas') ?? 0;
    if (replicas < 0) {
      throw invalid({ group: 'autoscaling', kind: 'Scale' }, nameOf(object), [
        field.invalid('spec.replicas', replicas, 'must be greater than or equal to 0'),
      ]);
    }
    put(childObject(object, 'spec'), 'replicas', replicas);
  },
};

/** The selector as a text. A replication controller's is a plain set of labels. */
function shownSelector(object: JsonObject): string {
  const selector = objectAt(object, 'spec', 'selector') ?? {};
  const isPlain = !('matchLabels' in selector) && !('matchExpressions' in selector);
  return selectorText(isPlain ? { matchLabels: selector } : selector);
}
