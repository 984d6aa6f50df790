/** Taking over from client-side apply, which keeps its last configuration in an annotation. */
import { canonicalJson, type JsonObject, type Schema } from '@skiff/api';
import { copy, isObject, objectAt, put, textAt } from '../values.ts';
import { type FieldSet, setOf } from './field-set.ts';
import { fieldsOf } from './fields-of.ts';

export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';
/** The annotation must fit beside the others (256 KiB for all). */
const maxLength = 262_144;

/** The fields that the annotated configuration sets; undefined without a readable annotation. */
export function lastAppliedFields(live: JsonObject, schema: Schema): FieldSet | undefined {
  const text = textAt(live, 'metadata', 'annotations', lastAppliedAnnotation);
  if (text === '') return undefined;
  try {
    const config: unknown = JSON.parse(text);
    return isObject(config) ? fieldsOf(config, schema) : undefined;
  } catch {
    return undefined;
  }
}

/** The annotation's own path, which changes with every client-side apply. */
export const lastAppliedPath: FieldSet = setOf(['f:metadata', 'f:annotations', `f:${lastAppliedAnnotation}`]);

const unicode = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Keys in order, and what could end a script in HTML escaped, as Go's encoder does: kubectl writes the annotation so. */
const asGoWrites = (object: JsonObject): string => canonicalJson(object).replace(/[<>&\u2028\u2029]/g, unicode);

/** Renews the annotation of an object that has one, so that client-side apply may be used again. */
export function renewLastApplied(object: JsonObject, config: JsonObject): void {
  const annotations = objectAt(object, 'metadata', 'annotations');
  if (annotations === undefined || !Object.hasOwn(annotations, lastAppliedAnnotation)) return;
  const kept = copy(config);
  const given = objectAt(kept, 'metadata', 'annotations');
  if (given !== undefined) delete given[lastAppliedAnnotation];
  const meta = objectAt(kept, 'metadata');
  if (meta !== undefined) delete meta.managedFields;
  const text = `${asGoWrites(kept)}\n`;
  if (text.length <= maxLength) put(annotations, lastAppliedAnnotation, text);
}
