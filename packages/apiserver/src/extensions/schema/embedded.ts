/** Objects inside objects (x-kubernetes-embedded-resource): they have a type and valid metadata like any other. */
import { type FieldError, field, type Json } from '@skiff/api';
import { formatPath } from '@skiff/api/json';
import { builtinType } from '@skiff/api/kinds';
import { decode, validateObjectMeta } from '@skiff/api/validation';
import { copy, isObject, own, textAt } from '../../patch/values.ts';
import { fieldSchema, itemsOf, type JsonSchema } from './json-schema.ts';

type Path = readonly (string | number)[];

/** Faults of the resources embedded below `value`, which is itself no such resource. */
export function embeddedFaults(schema: JsonSchema, value: Json, path: Path = []): FieldError[] {
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    return items === undefined ? [] : value.flatMap((item, index) => resourceFaults(items, item, [...path, index]));
  }
  if (!isObject(value)) return [];
  return Object.keys(value).flatMap((key) => {
    const child = fieldSchema(schema, key);
    return child === undefined ? [] : resourceFaults(child, own(value, key) ?? null, [...path, key]);
  });
}

/** Faults of `value`, which may be such a resource itself. */
export function resourceFaults(schema: JsonSchema, value: Json, path: Path): FieldError[] {
  const inner = embeddedFaults(schema, value, path);
  if (schema['x-kubernetes-embedded-resource'] !== true || !isObject(value)) return inner;
  const at = (name: string): string => formatPath([...path, name]);
  const faults: FieldError[] = [];
  for (const name of ['apiVersion', 'kind']) {
    if (textAt(value, name) === '') faults.push(field.required(at(name), 'must not be empty'));
  }
  const metadata = own(value, 'metadata');
  if (metadata !== undefined) {
    const decoded = decode(builtinType('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'), copy(metadata));
    for (const fault of decoded.faults) faults.push(field.invalid(at('metadata'), metadata, fault));
    const meta = decoded.value as Parameters<typeof validateObjectMeta>[0];
    // Whether it has a name and a namespace is its author's affair.
    const named = { ...meta, name: meta.name ?? 'x', namespace: '' };
    faults.push(...validateObjectMeta(named, { namespaced: false, name: 'path' }, at('metadata')));
  }
  return [...faults, ...inner];
}
