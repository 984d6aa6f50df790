/** Schemas as OpenAPI says them, in both of the versions that clients ask for. Named types become components once, refs elsewhere. */
import type { ArraySchema, MapSchema, ObjectSchema, Schema, StringSchema } from '@skiff/api';
import { builtinType } from '@skiff/api/kinds';

/** What differs between OpenAPI v2 and v3. */
export interface Dialect {
  readonly version: 2 | 3;
  readonly refPrefix: '#/definitions/' | '#/components/schemas/';
}

export const v2: Dialect = { version: 2, refPrefix: '#/definitions/' };
export const v3: Dialect = { version: 3, refPrefix: '#/components/schemas/' };

export type Node = Record<string, unknown>;

const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
const time = 'io.k8s.apimachinery.pkg.apis.meta.v1.Time';
const microTime = 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime';

/** Named scalar types. */
const scalars = (dialect: Dialect): ReadonlyMap<string, Node> =>
  new Map<string, Node>([
    [
      quantity,
      {
        description: 'Quantity is a fixed-point representation of a number, such as 100m, 1.5 or 2Gi.',
        ...(dialect.version === 3 ? { oneOf: [{ type: 'string' }, { type: 'number' }] } : { type: 'string' }),
      },
    ],
    [
      intOrString,
      {
        description: 'IntOrString is a type that can hold an int32 or a string.',
        format: 'int-or-string',
        ...(dialect.version === 3 ? { oneOf: [{ type: 'integer' }, { type: 'string' }] } : { type: 'string' }),
      },
    ],
    [time, { description: 'Time is an instant in RFC 3339.', type: 'string', format: 'date-time' }],
    [microTime, { description: 'MicroTime is Time with microseconds.', type: 'string', format: 'date-time' }],
  ]);

const scalarOfFormat = new Map([
  ['quantity', quantity],
  ['date-time', time],
  ['micro-time', microTime],
]);

/** Collects the named types that schemas use, while turning each into its OpenAPI form. */
export interface Components {
  readonly version: Dialect['version'];
  /** The OpenAPI form of a schema: a ref when it has a name. */
  node(schema: Schema): Node;
  /** Adds a component of one's own making. */
  add(name: string, node: Node): void;
  /** Adds to a component that exists. */
  extend(name: string, more: Node): void;
  refTo(name: string): Node;
  /** By name, sorted. */
  all(): Readonly<Record<string, Node>>;
}

export function createComponents(dialect: Dialect): Components {
  const components = new Map<string, Node>();
  const named = scalars(dialect);

  const refTo = (name: string): Node => ({ $ref: `${dialect.refPrefix}${name}` });

  const useScalar = (name: string): Node => {
    const node = named.get(name);
    if (node !== undefined) components.set(name, node);
    return refTo(name);
  };

  const objectBody = (schema: ObjectSchema): Node => {
    const properties: Node = Object.create(null);
    // Kubernetes says of every list how it merges, but not of what a list holds.
    const isList = schema.ref?.endsWith('List') ?? true;
    for (const [key, value] of Object.entries(schema.properties)) {
      const isAtomic = value.type === 'array' && value.listType === undefined && !(isList && key === 'items');
      const property = propertyNode(value);
      properties[key] =
        isAtomic && schema.ref !== undefined ? { ...property, 'x-kubernetes-list-type': 'atomic' } : property;
    }
    return {
      type: 'object',
      ...(Object.keys(properties).length === 0 ? {} : { properties }),
      ...(schema.required.length === 0 ? {} : { required: schema.required }),
      ...(schema.preserveUnknown === true ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
      ...(schema.atomic === true ? { 'x-kubernetes-map-type': 'atomic' } : {}),
    };
  };

  const objectNode = (schema: ObjectSchema): Node => {
    if (schema.ref === undefined) return objectBody(schema);
    if (!components.has(schema.ref)) {
      // Claimed before it is made: types refer to each other in circles.
      const component: Node = {};
      components.set(schema.ref, component);
      // The type itself: `schema` may carry what one field says of its own use of it.
      const type = builtinType(schema.ref);
      Object.assign(component, describe(type, dialect), objectBody(type));
    }
    return refTo(schema.ref);
  };

  const mapNode = (schema: MapSchema): Node => ({
    type: 'object',
    additionalProperties: propertyNode(schema.values),
    ...(schema.atomic === true ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  });

  const arrayNode = ({ items }: ArraySchema): Node => {
    // What a patch does with items is said of the list.
    const plain = items.type === 'object' && items.ref !== undefined && items.retainKeys === true;
    return { type: 'array', items: plain ? node(items) : propertyNode(items) };
  };

  const node = (schema: Schema): Node => {
    switch (schema.type) {
      case 'object':
        return objectNode(schema);
      case 'map':
        return mapNode(schema);
      case 'array':
        return arrayNode(schema);
      case 'string':
        return stringNode(schema);
      case 'integer':
      case 'number':
        return {
          type: schema.type,
          ...defined({ format: schema.format, minimum: schema.minimum, maximum: schema.maximum }),
        };
      case 'boolean':
        return { type: 'boolean' };
      case 'int-or-string':
        return useScalar(intOrString);
      case 'any':
        return dialect.version === 3 ? { type: 'object' } : {};
    }
  };

  const stringNode = (schema: StringSchema): Node => {
    const scalar = scalarOfFormat.get(schema.format ?? '');
    if (scalar !== undefined) return useScalar(scalar);
    const { format, pattern, minLength, maxLength } = schema;
    return { type: 'string', ...defined({ enum: schema.enum, format, pattern, minLength, maxLength }) };
  };

  /** A schema where it is used: with its own description, default and list rules around what it refers to. */
  const propertyNode = (schema: Schema): Node => {
    const inner = node(schema);
    const extras = { ...describe(schema, dialect), ...mergeRules(schema) };
    if (schema.type === 'object' && schema.ref !== undefined) {
      const type = builtinType(schema.ref);
      if (type.description === extras.description) delete extras.description;
      if (schema.atomic === true && type.atomic !== true) extras['x-kubernetes-map-type'] = 'atomic';
      if (schema.atomic === false && type.atomic === true) extras['x-kubernetes-map-type'] = 'granular';
    }
    if (Object.keys(extras).length === 0) return inner;
    // Beside a $ref everything else is ignored in v3: it goes into allOf, as in Kubernetes' own documents.
    if ('$ref' in inner) return dialect.version === 3 ? { ...extras, allOf: [inner] } : { ...extras, ...inner };
    return { ...extras, ...inner };
  };

  return {
    version: dialect.version,
    node,
    refTo,
    add: (name, value) => void components.set(name, value),
    extend: (name, more) => {
      const component = components.get(name);
      if (component !== undefined) Object.assign(component, more);
    },
    all: () => Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

const defined = (node: Node): Node =>
  Object.fromEntries(Object.entries(node).filter(([, value]) => value !== undefined));

/** Defaults are told in v3 only: those who read v2 may not know of them, and Kubernetes leaves them out. */
const describe = (schema: Schema, { version }: Dialect): Node =>
  defined({
    description: schema.description,
    default: version === 3 ? schema.default : undefined,
    nullable: schema.nullable,
  });

/** How lists merge: kubectl computes strategic patches and diffs from these. */
function mergeRules(schema: Schema): Node {
  if (schema.type === 'object' && schema.retainKeys === true) return { 'x-kubernetes-patch-strategy': 'retainKeys' };
  if (schema.type === 'object' && schema.patchReplace === true) return { 'x-kubernetes-patch-strategy': 'replace' };
  if (schema.type !== 'array') return {};
  const keepsKeys = schema.items.type === 'object' && schema.items.retainKeys === true;
  return defined({
    'x-kubernetes-list-type': schema.listType,
    'x-kubernetes-list-map-keys': schema.listMapKeys,
    'x-kubernetes-patch-strategy':
      schema.patchMergeKey === undefined ? undefined : keepsKeys ? 'merge,retainKeys' : 'merge',
    'x-kubernetes-patch-merge-key': schema.patchMergeKey === '' ? undefined : schema.patchMergeKey,
  });
}
