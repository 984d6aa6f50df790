/** `scale`: a workload's replica count as an autoscaling/v1 Scale. */
import { ApiError, badRequest, field, internal, invalid, type Json, type JsonObject } from '@skiff/api';
import { plainGo } from '../../patch/unstructured.ts';
import { childObject, isObject, numberAt, objectAt, own, put } from '../../patch/values.ts';
import type { Kind, ScalePaths } from '../definition-table.ts';
import { nameOf } from '../meta.ts';
import { selectorText } from '../selectors.ts';
import type { Projection } from './table.ts';

const shownMeta = ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp'];

export const scale: Projection = {
  type: 'projection',
  shown: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  get(kind, object, isChange = false) {
    const metadata: JsonObject = {};
    for (const key of shownMeta) {
      const value = own(objectAt(object, 'metadata') ?? {}, key);
      if (value !== undefined) metadata[key] = value;
    }
    const { replicas, current, selector } =
      kind.scale === undefined ? workload(object) : custom(kind.scale, object, isChange);
    const spec: JsonObject = replicas === 0 ? {} : { replicas };
    const status: JsonObject = { replicas: current, ...(selector === '' ? {} : { selector }) };
    return { kind: 'Scale', apiVersion: 'autoscaling/v1', metadata, spec, status };
  },
  put(kind, object, part) {
    const replicas = numberAt(part, 'spec', 'replicas') ?? 0;
    if (kind.scale !== undefined && replicas === unset)
      throw badRequest(`the spec replicas field ${JSON.stringify(kind.scale.specReplicas)} cannot be empty`);
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

/** What a patch is made of when the object names no replicas: int32's least, which says so. */
const unset = -(2 ** 31);

function custom(paths: ScalePaths, object: JsonObject, isChange: boolean): Figures {
  const replicas = valueAt(object, paths.specReplicas, 'int64');
  if (replicas === undefined && !isChange)
    throw internal(new Error(`the spec replicas field ${JSON.stringify(paths.specReplicas)} does not exist`));
  return {
    replicas: replicas ?? unset,
    current: valueAt(object, paths.statusReplicas, 'int64') ?? 0,
    selector: paths.labelSelector === undefined ? '' : (valueAt(object, paths.labelSelector, 'string') ?? ''),
  };
}

/** What stands at a path; undefined when nothing does. Throws what Go's accessors say of a value of another type (unstructured.NestedFieldNoCopy). */
function valueAt(object: JsonObject, path: string, type: 'int64'): number | undefined;
function valueAt(object: JsonObject, path: string, type: 'string'): string | undefined;
function valueAt(object: JsonObject, path: string, type: 'int64' | 'string'): Json | undefined {
  const parts = partsOf(path);
  let value: Json = object;
  for (const [index, part] of parts.entries()) {
    if (value === null) return undefined;
    if (!isObject(value)) throw wrongType(parts.slice(0, index + 1), value, 'map[string]interface{}');
    const next: Json | undefined = own(value, part);
    if (next === undefined) return undefined;
    value = next;
  }
  if (goType(value) !== type) throw wrongType(parts, value, type);
  return type === 'int64' ? Number(value) : value;
}

const wrongType = (path: readonly string[], value: Json, wanted: string): ApiError =>
  new ApiError(
    undefined,
    `.${path.join('.')} accessor error: ${plainGo(value)} is of the type ${goType(value)}, expected ${wanted}`,
  );

function goType(value: Json | bigint): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'bigint' || Number.isInteger(value)) return 'int64';
  return typeof value === 'number' ? 'float64' : typeof value === 'boolean' ? 'bool' : 'string';
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
