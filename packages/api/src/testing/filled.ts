/** Documents with every field filled, made from a schema. For tests only. */
import type { Definition } from '../definition.ts';
import { apiVersionOf, type Json, type JsonObject } from '../object.ts';
import type { ObjectSchema, Schema } from '../schema/schema.ts';

/** What free-form fields hold, by name: most must be an object, these must mean something to their kind. */
const freeForm: Readonly<Record<string, Json>> = {
  additionalItems: { type: 'string' },
  additionalProperties: true,
  dependencies: ['other'],
  items: [{ type: 'string' }, { type: 'integer' }],
  status: {},
};

/** A type is opened at most so often below itself (JSONSchemaProps holds itself a dozen times over). */
const deepest = 2;

/** Every field of `schema`, each with a value of its own where its type allows. */
export function filled(schema: ObjectSchema): JsonObject {
  const open = new Map<string, number>();
  let count = 0;
  const text = (name: string, schema: Schema & { type: 'string' }): Json => {
    count += 1;
    if (schema.enum !== undefined) return schema.enum[count % schema.enum.length] ?? '';
    const seconds = String(count % 60).padStart(2, '0');
    switch (schema.format) {
      case 'byte':
        return Buffer.from(`${name} ${count}`).toString('base64');
      case 'quantity':
        return `${(count % 900) + 1}m`;
      case 'date-time':
        return `2025-02-03T04:05:${seconds}Z`;
      case 'micro-time':
        return `2025-02-03T04:05:${seconds}.${String(count).padStart(6, '0')}Z`;
      case 'duration':
        return `${(count % 59) + 1}s`;
      default:
        return `${name}-${count}`;
    }
  };
  const object = (schema: ObjectSchema): JsonObject => {
    const { ref = '' } = schema;
    const depth = open.get(ref) ?? 0;
    open.set(ref, depth + 1);
    const value: JsonObject = {};
    for (const [name, field] of Object.entries(schema.properties)) {
      const inner = innermost(field);
      const tooDeep = inner.type === 'object' && (open.get(inner.ref ?? '') ?? 0) >= deepest;
      if (!tooDeep) value[name] = one(name, field);
    }
    open.set(ref, depth);
    return value;
  };
  const one = (name: string, schema: Schema): Json => {
    switch (schema.type) {
      case 'object':
        return object(schema);
      case 'map':
        return { [`${name}-a`]: one(name, schema.values), [`${name}-b`]: one(name, schema.values) };
      case 'array':
        return [one(name, schema.items), one(name, schema.items)];
      case 'string':
        return text(name, schema);
      case 'boolean':
        return true;
      case 'number':
      case 'integer':
        count += 1;
        return schema.format === 'int64' ? 2 ** 40 + count : count;
      case 'int-or-string':
        count += 1;
        return count % 2 === 0 ? count : `${count}%`;
      case 'any':
        count += 1;
        return freeForm[name] ?? { [`f:${name}`]: { count } };
    }
  };
  return object(schema);
}

function innermost(schema: Schema): Schema {
  if (schema.type === 'array') return innermost(schema.items);
  return schema.type === 'map' ? innermost(schema.values) : schema;
}

/** A document of a kind with every field filled. Of no meaning: most kinds' validation would refuse it. */
export function filledDocument(definition: Definition): JsonObject {
  const { kind } = definition;
  return { ...filled(definition.schema()), kind, apiVersion: apiVersionOf(definition) };
}
