import type { FieldError, JsonObject } from '@skiff/api';
import type { JsonSchema } from '../schema/json-schema.ts';

export type RuleChecker = (object: JsonObject, old: JsonObject | undefined) => readonly FieldError[];

export function ruleChecker(_schema: JsonSchema): RuleChecker {
  return () => [];
}
