/** What the server does to a bootstrap object of flow control that is not as it ships it (registry/flowcontrol/ensurer). */
import type { JsonObject } from '@skiff/api';
import { childObject, copy, numberAt, objectAt, own, put, same, textAt } from '../../patch/values.ts';
import { autoUpdateAnnotation, type FlowObject } from './suggested.ts';

/** Go's strconv.ParseBool. */
function parseBool(text: string): boolean | undefined {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text) ? false : undefined;
}

const annotationOf = (object: JsonObject): boolean | undefined =>
  parseBool(textAt(object, 'metadata', 'annotations', autoUpdateAnnotation));

/** The numbers of the exempt level are its owner's. */
function wantedSpec(wanted: FlowObject, current: JsonObject): JsonObject {
  const spec = copy(objectAt(wanted.object, 'spec') ?? {});
  const exempt = objectAt(current, 'spec', 'exempt');
  if (wanted.resource === 'prioritylevelconfigurations' && wanted.name === 'exempt' && exempt !== undefined)
    put(spec, 'exempt', copy(exempt));
  return spec;
}

/** The object as it should be stored; undefined when it is so already. A suggested object whose owner changed it stays his. */
export function revise(current: JsonObject, wanted: FlowObject): JsonObject | undefined {
  const annotated = annotationOf(current);
  const keep = wanted.mandatory || (annotated ?? numberAt(current, 'metadata', 'generation') === 1);
  const spec = wantedSpec(wanted, current);
  const changed = keep && !same(own(current, 'spec'), spec);
  if (annotated === keep && !changed) return undefined;
  const next = copy(current);
  put(childObject(childObject(next, 'metadata'), 'annotations'), autoUpdateAnnotation, String(keep));
  if (changed) put(next, 'spec', spec);
  return next;
}

/** True for an object that an earlier server shipped and this one does not. */
export const isLeftOver = (object: JsonObject, known: ReadonlySet<string>): boolean =>
  annotationOf(object) === true && !known.has(textAt(object, 'metadata', 'name'));

/** The Dangling condition a schema should have; undefined when it has it. */
export function danglingCondition(
  schema: JsonObject,
  levels: ReadonlySet<string>,
  now: string,
): JsonObject | undefined {
  const level = textAt(schema, 'spec', 'priorityLevelConfiguration', 'name');
  const found = levels.has(level);
  const text = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)}`;
  const wanted: JsonObject = found
    ? { type: 'Dangling', status: 'False', reason: 'Found', message: `${text} and it exists` }
    : { type: 'Dangling', status: 'True', reason: 'NotFound', message: `${text} but there is no such object` };
  const conditions = own(objectAt(schema, 'status') ?? {}, 'conditions');
  const current = (Array.isArray(conditions) ? conditions : []).find((each) => textAt(each, 'type') === 'Dangling');
  const isSame = ['status', 'reason', 'message'].every((key) => textAt(current, key) === wanted[key]);
  return isSame ? undefined : { ...wanted, lastTransitionTime: now };
}
