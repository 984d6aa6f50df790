/**
 * What the creator of an object owns. Objects of a kind are much alike (the pods of a Deployment, the events of a controller), and what
 * is owned follows from an object's outline: its keys and the names of its list items, not its values. So it is worked out once an outline.
 */
import type { Json, JsonObject, Schema } from '@skiff/api';
import { isObject } from '../values.ts';
import { encodeFields, type FieldSet } from './field-set.ts';
import { shapeOf } from './shape.ts';

/** Outlines as paths from a root: most places have one step that leads on. */
interface Place {
  step: Step | undefined;
  next: Place | undefined;
  others: Map<Step, Place> | undefined;
  fields: FieldSet | undefined;
}

/** A key, an item's name, or one of `marks`. */
type Step = string | number;

/** With some 50 bytes for a place a bound of 10 MB, all kinds together; then everything is found out anew. */
const maxPlaces = 200_000;
/** Larger objects are rarely alike. */
const maxSteps = 1000;

/** By schema and reset set. */
let roots = new WeakMap<Schema, WeakMap<FieldSet, Place>>();
let places = 0;

function newPlace(): Place {
  places += 1;
  return { step: undefined, next: undefined, others: undefined, fields: undefined };
}

function rootOf(schema: Schema, reset: FieldSet): Place {
  if (places > maxPlaces) {
    roots = new WeakMap();
    places = 0;
  }
  let ofSchema = roots.get(schema);
  if (ofSchema === undefined) {
    ofSchema = new WeakMap();
    roots.set(schema, ofSchema);
  }
  let root = ofSchema.get(reset);
  if (root === undefined) {
    root = newPlace();
    ofSchema.set(reset, root);
  }
  return root;
}

function follow(place: Place, step: Step): Place {
  if (place.next === undefined) {
    place.step = step;
    place.next = newPlace();
  }
  if (place.step === step) return place.next;
  place.others ??= new Map();
  const next = place.others.get(step) ?? newPlace();
  place.others.set(step, next);
  return next;
}

/** The fields that `work` finds, or found for an object of the same outline: in the order that they are written in, and frozen. */
export function creatorFields(object: JsonObject, schema: Schema, reset: FieldSet, work: () => FieldSet): FieldSet {
  const end = endOfOutline(rootOf(schema, reset), object, schema);
  if (end === undefined) return work();
  end.fields ??= frozen(encodeFields(work()));
  return end.fields;
}

function frozen(set: FieldSet): FieldSet {
  for (const element in set) frozen(set[element] as FieldSet);
  return Object.freeze(set);
}

const marks = { none: 0, fields: 1, items: 2, end: 3, other: 4 } as const;

/**
 * Where the outline of an object ends: the same place for two only when their creators own the same. Undefined for an object that is too
 * large, or that has one value where an empty object of its kind has parts already (there the value itself counts).
 */
function endOfOutline(root: Place, object: JsonObject, schema: Schema): Place | undefined {
  let place = root;
  let left = maxSteps;
  const go = (step: Step): void => {
    place = follow(place, step);
    left -= 1;
  };
  const add = (value: Json, of: Schema): boolean => {
    if (value === null) {
      go(marks.none);
      return true;
    }
    const shape = shapeOf(of, value);
    if (shape.type === 'leaf') return true;
    if (shape.type === 'fields' && isObject(value)) {
      go(marks.fields);
      for (const key of Object.keys(value)) {
        if (left <= 0) return false;
        go(key);
        const { schema: below } = shape.field(key);
        const member = value[key] as Json;
        if (isObject(member) && structKeys.has(key) && shapeOf(below, member).type === 'leaf') return false;
        if (!add(member, below)) return false;
      }
      go(marks.end);
    } else if (shape.type === 'items' && Array.isArray(value)) {
      go(marks.items);
      for (const item of value) {
        if (left <= 0) return false;
        const element = shape.elementOf(item);
        if (element === undefined) continue;
        go(element);
        if (!add(item, shape.items)) return false;
      }
      go(marks.end);
    } else go(marks.other);
    return true;
  };
  return add(object, schema) ? place : undefined;
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
