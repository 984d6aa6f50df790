import type { FieldError } from '@skiff/api';
import type { JsonSchema } from '../schema/json-schema.ts';

export function ruleFaults(_schema: JsonSchema, _path: string, _isUnchanged: boolean): FieldError[] {
  return [];
}
