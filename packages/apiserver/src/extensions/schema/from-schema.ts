/** The schema of any kind in the words of a custom one, which expressions are checked against. Types that hold themselves are read as deep as is asked. */
import type { Schema } from '@skiff/api';
import type { JsonSchema } from './json-schema.ts';

const known = new WeakMap<Schema, JsonSchema>();

export function jsonSchemaOf(schema: Schema): JsonSchema {
  const before = known.get(schema);
  if (before !== undefined) return before;
  const made = converted(schema);
  known.set(schema, made);
  return made;
}

function converted(schema: Schema): JsonSchema {
  switch (schema.type) {
    case 'object': {
      const { properties, required, preserveUnknown } = schema;
      // Anything may be in it.
      if (Object.keys(properties).length === 0 && preserveUnknown === true) return {};
      return { type: 'object', required, properties: lazily(properties) };
    }
    case 'map':
      return {
        type: 'object',
        get additionalProperties() {
          return jsonSchemaOf(schema.values);
        },
      };
    case 'array':
      return {
        type: 'array',
        get items() {
          return jsonSchemaOf(schema.items);
        },
      };
    case 'string':
      return stringSchema(schema.format);
    case 'integer':
    case 'number':
    case 'boolean':
      return { type: schema.type };
    default:
      return {};
  }
}

/** A quantity may be written as a number. */
function stringSchema(format: string | undefined): JsonSchema {
  if (format === 'quantity') return {};
  if (format === 'date-time' || format === 'micro-time') return { type: 'string', format: 'date-time' };
  return format === 'byte' ? { type: 'string', format } : { type: 'string' };
}

function lazily(properties: Readonly<Record<string, Schema>>): Record<string, JsonSchema> {
  const made: Record<string, JsonSchema> = {};
  for (const [name, schema] of Object.entries(properties)) {
    Object.defineProperty(made, name, { enumerable: true, get: () => jsonSchemaOf(schema) });
  }
  return made;
}
