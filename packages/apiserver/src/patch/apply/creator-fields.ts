/**
 * What the creator of an object owns. Objects of a kind are much alike (the pods of a Deployment, the events of a controller), and what
 * is owned follows from an object's outline: its keys and the names of its list items, not its values. So it is worked out once an outline.
 */
import type { Json, JsonObject, Schema } from '@skiff/api';
import { isObject } from '../values.ts';
import { encodeFields, type FieldSet } from './field-set.ts';
import { shapeOf } from './shape.ts';

/** Sets that are remembered, all kinds together; the oldest goes first. With `maxOutline` a bound of some 20 MB, seldom a tenth of it. */
const maxRemembered = 1000;
/** UTF-16 code units. Larger objects are rarely alike. */
const maxOutline = 6000;

const remembered = new Map<string, FieldSet>();

/** Schemas and reset sets by number: their place in a key. */
const numbers = new WeakMap<object, number>();
let lastNumber = 0;

function numberOf(part: object): number {
  let number = numbers.get(part);
  if (number === undefined) {
    lastNumber += 1;
    number = lastNumber;
    numbers.set(part, number);
  }
  return number;
}

/** The fields that `work` finds, or found for an object of the same outline: in the order that they are written in, and frozen. */
export function creatorFields(object: JsonObject, schema: Schema, reset: FieldSet, work: () => FieldSet): FieldSet {
  const outline = outlineOf(object, schema);
  if (outline === undefined) return work();
  const key = `${numberOf(schema)} ${numberOf(reset)} ${outline}`;
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const fields = frozen(encodeFields(work()));
  if (remembered.size >= maxRemembered)
    for (const oldest of remembered.keys()) {
      remembered.delete(oldest);
      break;
    }
  remembered.set(key, fields);
  return fields;
}

function frozen(set: FieldSet): FieldSet {
  for (const element in set) frozen(set[element] as FieldSet);
  return Object.freeze(set);
}

/**
 * A text that two objects share only when their creators own the same; undefined for an object that is too large, or that has one value
 * where an empty object of its kind has parts already (there the value itself counts).
 */
function outlineOf(object: JsonObject, schema: Schema): string | undefined {
  let text = '';
  const add = (value: Json, of: Schema): boolean => {
    if (text.length > maxOutline) return false;
    if (value === null) {
      text += '0';
      return true;
    }
    const shape = shapeOf(of, value);
    if (shape.type === 'fields' && isObject(value)) {
      text += '{';
      for (const key of Object.keys(value)) {
        const { schema: below } = shape.field(key);
        text += `${key.length}:${key}`;
        const member = value[key] as Json;
        if (isObject(member) && structKeys.has(key) && shapeOf(below, member).type === 'leaf') return false;
        if (!add(member, below)) return false;
      }
      text += '}';
    } else if (shape.type === 'items' && Array.isArray(value)) {
      text += '[';
      for (const item of value) {
        const element = shape.elementOf(item);
        if (element === undefined) continue;
        text += `${element.length}:${element}`;
        if (!add(item, shape.items)) return false;
      }
      text += ']';
    } else if (shape.type !== 'leaf') text += 's';
    return true;
  };
  return add(object, schema) ? text : undefined;
}

/** Where `skeletonOf` has parts. */
const structKeys: ReadonlySet<string> = new Set([
  'metadata',
  'spec',
  'template',
  'strategy',
  'updateStrategy',
  'jobTemplate',
  'status',
]);
