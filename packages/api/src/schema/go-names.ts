/** What Kubernetes' Go code calls the types of our schemas: they appear in its error messages, which clients show. */
import type { Schema } from './schema.ts';

/** `v1.PodSpec` of `io.k8s.api.core.v1.PodSpec`. */
function goReference(ref: string): string {
  return ref.split('.').slice(-2).join('.');
}

/** `PodSpec`. */
export function structName(ref: string | undefined): string {
  return ref === undefined ? '' : ref.slice(ref.lastIndexOf('.') + 1);
}

/** `[]v1.Container`, `map[string]string`, `int32`. */
export function goType(schema: Schema): string {
  switch (schema.type) {
    case 'object':
      return schema.ref === undefined ? 'map[string]interface {}' : goReference(schema.ref);
    case 'map':
      return `map[string]${goType(schema.values)}`;
    case 'array':
      return `[]${goType(schema.items)}`;
    case 'string':
      return goString(schema.format);
    case 'integer':
      return schema.format === 'int32' ? 'int32' : 'int64';
    case 'number':
      return 'float64';
    case 'boolean':
      return 'bool';
    case 'int-or-string':
      return 'intstr.IntOrString';
    case 'any':
      return 'interface {}';
  }
}

function goString(format: string | undefined): string {
  switch (format) {
    case 'byte':
      return '[]uint8';
    case 'quantity':
      return 'resource.Quantity';
    case 'date-time':
      return 'v1.Time';
    case 'micro-time':
      return 'v1.MicroTime';
    case 'duration':
      return 'v1.Duration';
    default:
      return 'string';
  }
}

/** What Go's decoder calls a JSON value it did not expect. A number comes with its digits where they matter. */
export function goValue(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'number';
    default:
      return typeof value;
  }
}
