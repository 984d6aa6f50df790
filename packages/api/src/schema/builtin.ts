/**
 * The schemas of the built-in types: the extracted table joined with our own rules. Nothing is read before the first
 * use, so a program that decodes nothing pays nothing.
 */
import type { RawSchema, RawTable, RawType } from './raw.ts';
import type { ArraySchema, ObjectSchema, Schema } from './schema.ts';
import { readTable, tableFile } from './table.ts';
import { ruleOf } from './tables/index.ts';
import { metricsTypes } from './tables/metrics.ts';
import type { TypeRule } from './tables/rule.ts';

let loaded: RawTable | undefined;

/** Throws an Error naming `npm run schemas` when the table was not generated. */
function table(): RawTable {
  loaded ??= { ...readTable(tableFile), ...metricsTypes };
  return loaded;
}

const types = new Map<string, ObjectSchema>();

/** The names of all built-in types, sorted: `io.k8s.api.core.v1.PodSpec`, … */
export function builtinTypeNames(): string[] {
  return Object.keys(table()).sort();
}

/** The schema of one built-in type, by its OpenAPI name. One instance a type. Throws an Error for an unknown name. */
export function builtinType(ref: string): ObjectSchema {
  const known = types.get(ref);
  if (known !== undefined) return known;
  const raw = table()[ref];
  if (raw === undefined) throw new Error(`There is no built-in type ${ref}`);
  const schema = objectSchema(ref, raw);
  types.set(ref, schema);
  return schema;
}

function objectSchema(ref: string, raw: RawType): ObjectSchema {
  const rule = ruleOf(ref);
  const required = rule.required ?? raw.required;
  let properties: Record<string, Schema> | undefined;
  return {
    type: 'object',
    ref,
    ...(raw.description === undefined ? {} : { description: raw.description }),
    required,
    ...(rule.atomic === undefined ? {} : { atomic: true }),
    get properties() {
      if (properties === undefined) {
        properties = Object.create(null) as Record<string, Schema>;
        for (const [name, property] of Object.entries(raw.properties)) {
          properties[name] = fieldSchema(name, property, rule, required.includes(name));
        }
      }
      return properties;
    },
  };
}

/** A field's schema: its type, and what the rules of the type around it say of this field. */
function fieldSchema(name: string, raw: RawSchema, rule: TypeRule, required: boolean): Schema {
  const has = (fields: readonly string[] | undefined): boolean => fields?.includes(name) ?? false;
  const fallback = rule.defaults?.[name];
  const common = {
    ...(raw.description === undefined ? {} : { description: raw.description }),
    ...(fallback === undefined ? {} : { default: fallback }),
    // Go fills a zero that was sent as it fills one that was not, unless the field is a pointer.
    ...((!required || fallback !== undefined) && hasZero(raw) && !has(rule.keepZero) ? { omitZero: true } : {}),
  };
  switch (raw.type) {
    case 'ref': {
      const base = builtinType(raw.ref);
      return objectField(base, {
        ...common,
        ...(has(rule.retainKeys) ? { retainKeys: true } : {}),
        ...(has(rule.replaceFields) ? { patchReplace: true } : {}),
        ...(has(rule.atomicFields) ? { atomic: true } : {}),
        ...(has(rule.granular) ? { atomic: false } : {}),
      });
    }
    case 'array': {
      const items = valueSchema(raw.items);
      const retained =
        items.type === 'object' && has(rule.retainKeys) ? objectField(items, { retainKeys: true }) : items;
      return { type: 'array', items: retained, ...common, ...(rule.lists?.[name] ?? {}) } satisfies ArraySchema;
    }
    case 'map':
      return {
        type: 'map',
        values: valueSchema(raw.values),
        ...common,
        ...(has(rule.atomicFields) ? { atomic: true } : {}),
      };
    default:
      return { ...raw, ...common };
  }
}

/** Times, quantities and objects have no zero in JSON that means absence. */
function hasZero(raw: RawSchema): boolean {
  if (raw.type === 'string') return raw.format === undefined || raw.format === 'byte';
  return raw.type !== 'ref' && raw.type !== 'any' && raw.type !== 'int-or-string';
}

function valueSchema(raw: RawSchema): Schema {
  if (raw.type === 'ref') return builtinType(raw.ref);
  if (raw.type === 'array') return { type: 'array', items: valueSchema(raw.items) };
  if (raw.type === 'map') return { type: 'map', values: valueSchema(raw.values) };
  return raw;
}

/** `base` with other marks; its properties stay one shared object, resolved when first asked for. */
function objectField(base: ObjectSchema, marks: Omit<Partial<ObjectSchema>, 'type' | 'properties'>): ObjectSchema {
  const { type, ref, description, required, atomic, retainKeys } = base;
  return {
    type,
    ...(ref === undefined ? {} : { ref }),
    ...(description === undefined ? {} : { description }),
    required,
    ...(atomic === undefined ? {} : { atomic }),
    ...(retainKeys === undefined ? {} : { retainKeys }),
    ...marks,
    get properties() {
      return base.properties;
    },
  };
}
