/** `scale`: a workload's replica count as an autoscaling/v1 Scale. */
import { field, internal, invalid, type JsonObject } from '@skiff/api';
import { childObject, numberAt, objectAt, own, put, textAt } from '../../patch/values.ts';
import type { Kind, ScalePaths } from '../definition-table.ts';
import { nameOf } from '../meta.ts';
import { selectorText } from '../selectors.ts';
import type { Projection } from './table.ts';

const shownMeta = ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp'];

export const scale: Projection = {
  type: 'projection',
  shown: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  get(kind, object) {
    const metadata: JsonObject = {};
    for (const key of shownMeta) {
      const value = own(objectAt(object, 'metadata') ?? {}, key);
      if (value !== undefined) metadata[key] = value;
    }
    const { replicas, current, selector } = kind.scale === undefined ? workload(object) : custom(kind.scale, object);
    const spec: JsonObject = replicas === 0 ? {} : { replicas };
    const status: JsonObject = { replicas: current, ...(selector === '' ? {} : { selector }) };
    return { kind: 'Scale', apiVersion: 'autoscaling/v1', metadata, spec, status };
  },
  put(kind, object, part) {
    const replicas = numberAt(part, 'spec', 'replicas') ?? 0;
    if (replicas < 0) {
      throw invalid({ group: 'autoscaling', kind: 'Scale' }, nameOf(object), [
        field.invalid('spec.replicas', replicas, 'must be greater than or equal to 0'),
      ]);
    }
    setReplicas(kind, object, replicas);
  },
};

interface Figures {
  readonly replicas: number;
  readonly current: number;
  readonly selector: string;
}

const workload = (object: JsonObject): Figures => ({
  replicas: numberAt(object, 'spec', 'replicas') ?? 0,
  current: numberAt(object, 'status', 'replicas') ?? 0,
  selector: shownSelector(object),
});

/** `.spec.replicas` as its parts. */
const partsOf = (path: string): readonly string[] => path.split('.').filter((part) => part !== '');

function custom(paths: ScalePaths, object: JsonObject): Figures {
  const replicas = numberAt(object, ...partsOf(paths.specReplicas));
  if (replicas === undefined) {
    throw internal(new Error(`the spec replicas field ${JSON.stringify(paths.specReplicas)} does not exist`));
  }
  return {
    replicas,
    current: numberAt(object, ...partsOf(paths.statusReplicas)) ?? 0,
    selector: paths.labelSelector === undefined ? '' : textAt(object, ...partsOf(paths.labelSelector)),
  };
}

function setReplicas(kind: Kind, object: JsonObject, replicas: number): void {
  const parts = [...partsOf(kind.scale?.specReplicas ?? '.spec.replicas')];
  const last = parts.pop() ?? 'replicas';
  let parent = object;
  for (const part of parts) parent = childObject(parent, part);
  put(parent, last, replicas);
}

/** The selector as a text. A replication controller's is a plain set of labels. */
function shownSelector(object: JsonObject): string {
  const selector = objectAt(object, 'spec', 'selector') ?? {};
  const isPlain = !('matchLabels' in selector) && !('matchExpressions' in selector);
  return selectorText(isPlain ? { matchLabels: selector } : selector);
}
