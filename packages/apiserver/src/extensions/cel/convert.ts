/** From JSON to what expressions compute with, by the schema: integers and doubles, times and bytes are told apart by it alone. */
import { type Json, type JsonObject, parseTime } from '@skiff/api';
import { setOwn } from '@skiff/api/json';
import { isObject } from '../../patch/values.ts';
import { fieldSchema, itemsOf, type JsonSchema } from '../schema/json-schema.ts';
import { durationOf } from './library/standard.ts';
import { markUnordered, Timestamp, type Value } from './values.ts';

/** Without a schema, whole numbers are integers. */
export function toValue(json: Json, schema?: JsonSchema): Value {
  if (typeof json === 'number') {
    return schema?.type !== 'number' && Number.isInteger(json) ? BigInt(json) : json;
  }
  if (typeof json === 'string') return textValue(json, schema);
  if (Array.isArray(json)) return listValue(json, schema);
  return isObject(json) ? mapValue(json, schema) : json;
}

function textValue(text: string, schema: JsonSchema | undefined): Value {
  if (schema?.type !== 'string') return text;
  switch (schema.format) {
    case 'byte':
      return new Uint8Array(Buffer.from(text, 'base64'));
    case 'date':
      return new Timestamp(Date.parse(`${text}T00:00:00Z`));
    case 'date-time':
    case 'datetime': {
      const ms = parseTime(text);
      return ms === undefined ? text : new Timestamp(ms);
    }
    case 'duration':
      return durationOf(text) ?? text;
    default:
      return text;
  }
}

function listValue(list: readonly Json[], schema: JsonSchema | undefined): Value {
  const items = schema === undefined ? undefined : itemsOf(schema);
  const values = list.map((item) => toValue(item, items));
  const type = schema?.['x-kubernetes-list-type'];
  if (type === 'set') markUnordered(values, []);
  if (type === 'map') markUnordered(values, schema?.['x-kubernetes-list-map-keys'] ?? []);
  return values;
}

function mapValue(object: JsonObject, schema: JsonSchema | undefined): Value {
  const result: Record<string, Value> = {};
  for (const [key, each] of Object.entries(object)) {
    setOwn(result, key, toValue(each, schema === undefined ? undefined : fieldSchema(schema, key)));
  }
  return result;
}
