/** Walkers of single values. Each returns the value as it is stored, or undefined to drop it. */
import { canonicalQuantity, quantityFormatMessage } from '../algebra/quantity.ts';
import { normaliseTime, parseDuration } from '../algebra/time.ts';
import type { Cursor } from './cursor.ts';
import { goType, goValue } from './go-names.ts';
import type { NumberSchema, Schema, StringSchema } from './schema.ts';

/** Checks and normalises one value. `struct` is the Go name of the object around it, for messages. */
export type Walker = (value: unknown, at: Cursor) => unknown;

const int32Max = 2147483647;
const int32Min = -2147483648;

/** The walker of a schema that holds no other schema. */
export function scalarWalker(schema: Schema, struct: string): Walker {
  switch (schema.type) {
    case 'string':
      return stringWalker(schema, struct);
    case 'integer':
    case 'number':
      return numberWalker(schema, struct);
    case 'boolean':
      return (value, at) => (typeof value === 'boolean' ? value : mismatch(value, at, struct, 'bool'));
    case 'int-or-string':
      return (value, at) => (typeof value === 'string' ? value : int32(value, at, struct));
    default:
      return (value, at) => (isWritable(value) ? value : overflow(at));
  }
}

function mismatch(value: unknown, at: Cursor, struct: string, type: string): undefined {
  at.addMismatch(goValue(value), struct, type);
  return undefined;
}

function overflow(at: Cursor): undefined {
  at.addFault('json: cannot unmarshal number into Go value of type float64');
  return undefined;
}

/** `1e400` is no number JSON can write again. Free-form values are searched for it. */
function isWritable(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.values(value).every(isWritable);
}

function int32(value: unknown, at: Cursor, struct: string): unknown {
  if (typeof value !== 'number') return mismatch(value, at, struct, 'int32');
  if (Number.isInteger(value) && value >= int32Min && value <= int32Max) return value === 0 ? 0 : value;
  at.addMismatch(`number ${value}`, struct, 'int32');
  return undefined;
}

function numberWalker(schema: NumberSchema, struct: string): Walker {
  if (schema.type === 'number') {
    return (value, at) => {
      if (typeof value === 'bigint') return value;
      if (typeof value !== 'number') return mismatch(value, at, struct, 'float64');
      return Number.isFinite(value) ? value : overflow(at);
    };
  }
  if (schema.format === 'int32') return (value, at) => int32(value, at, struct);
  return (value, at) => {
    // Only integers that fit 64 bits are read as bigint.
    if (typeof value === 'bigint') return value;
    if (typeof value !== 'number') return mismatch(value, at, struct, 'int64');
    if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
    at.addMismatch(`number ${value}`, struct, 'int64');
    return undefined;
  };
}

function stringWalker(schema: StringSchema, struct: string): Walker {
  const type = goType(schema);
  switch (schema.format) {
    case 'quantity':
      return quantity;
    case 'date-time':
      return (value, at) => time(value, at, struct, type, 'seconds');
    case 'micro-time':
      return (value, at) => time(value, at, struct, type, 'micro');
    case 'byte':
      return (value, at) => (typeof value === 'string' ? base64(value, at) : mismatch(value, at, struct, type));
    case 'duration':
      return (value, at) => {
        if (typeof value !== 'string') return mismatch(value, at, struct, type);
        if (parseDuration(value) === undefined) at.addFault(`time: invalid duration ${JSON.stringify(value)}`);
        return value;
      };
    default:
      return (value, at) => (typeof value === 'string' ? value : mismatch(value, at, struct, 'string'));
  }
}

/** Quantities are stored in their canonical form, as a Go server re-writes them. */
function quantity(value: unknown, at: Cursor): unknown {
  const canonical = typeof value === 'string' || typeof value === 'number' ? canonicalQuantity(value) : undefined;
  if (canonical === undefined) at.addFault(quantityFormatMessage);
  return canonical;
}

function time(value: unknown, at: Cursor, struct: string, type: string, precision: 'seconds' | 'micro'): unknown {
  if (typeof value !== 'string') return mismatch(value, at, struct, type);
  const normal = normaliseTime(value, precision);
  if (normal === undefined) {
    const layout = precision === 'seconds' ? '2006-01-02T15:04:05Z07:00' : '2006-01-02T15:04:05.000000Z07:00';
    const text = JSON.stringify(value.slice(0, 100));
    at.addFault(`parsing time ${text} as "${layout}": cannot parse ${text} as "2006"`);
  }
  return normal;
}

const base64Pattern = /^[A-Za-z0-9+/]*={0,2}$/;

/** Standard base64 with padding; line breaks are dropped, as Go drops them. */
function base64(value: string, at: Cursor): unknown {
  const text = value.includes('\n') || value.includes('\r') ? value.replace(/[\r\n]/g, '') : value;
  if (text.length % 4 === 0 && base64Pattern.test(text)) return text;
  const wrong = /[^A-Za-z0-9+/]/.exec(text)?.index ?? text.length;
  at.addFault(`illegal base64 data at input byte ${wrong}`);
  return undefined;
}
