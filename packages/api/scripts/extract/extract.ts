/** Turns the declarations of `kubernetes-models` into the table of built-in types. Deterministic: sorted by name. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { RawSchema, RawTable, RawType } from '../../src/schema/raw.ts';
import { type Declaration, type PropertyNode, parseDeclaration, type TypeNode } from './declarations.ts';
import { laterFields } from './later.ts';
import { probeNumber, probeRequired, probeString, type Validator, type Wrap } from './probe.ts';
import { type Source, sources } from './sources.ts';

/** Types that are a value and not an object of known fields; each use is replaced by this. */
const values: Readonly<Record<string, RawSchema>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: 'string', format: 'quantity' },
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': { type: 'string', format: 'date-time' },
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': { type: 'string', format: 'micro-time' },
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': { type: 'any' },
  'io.k8s.apimachinery.pkg.apis.meta.v1.Patch': { type: 'any' },
  'io.k8s.apimachinery.pkg.runtime.RawExtension': { type: 'any' },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: 'int-or-string' },
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON': { type: 'any' },
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray': { type: 'any' },
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool': { type: 'any' },
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray': { type: 'any' },
};

/** Objects without fields: that they are there says all. */
const markers: ReadonlySet<string> = new Set([
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus',
]);

interface Found {
  readonly ref: string;
  readonly declaration: Declaration;
  readonly validator: string;
}

const require = createRequire(import.meta.url);

/** Reads the installed packages. Throws on any construct that is not understood. */
export async function extract(): Promise<RawTable> {
  const byMangled = new Map<string, Found>();
  const roots: string[] = [];
  for (const source of sources) {
    const found = readSource(source);
    for (const one of found) byMangled.set(one.declaration.mangled, one);
    const wanted = source.kinds?.flatMap((kind) => [kind, `${kind}List`]);
    for (const one of found) {
      if (wanted === undefined || wanted.includes(localName(one.ref))) roots.push(one.declaration.mangled);
    }
    for (const kind of source.kinds ?? []) {
      if (!found.some((one) => one.ref === `${source.prefix}.${kind}`))
        throw new Error(`${source.folder} has no ${kind}`);
    }
  }
  const reached = reach(roots, byMangled);
  const validators = await Promise.all(reached.map((one) => loadValidator(one)));
  const entries = reached.map((one, index): [string, RawType] => [one.ref, toType(one, validators[index], byMangled)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const localName = (ref: string): string => ref.slice(ref.lastIndexOf('.') + 1);

/** `@kubernetes-models/apimachinery` is found where `kubernetes-models`, which needs it, finds it. */
function packageFolder(name: string): string {
  const models = require.resolve('kubernetes-models/package.json');
  return dirname(createRequire(models).resolve(`${name}/package.json`));
}

function folderOf(path: string): { root: string; folder: string } {
  const parts = path.split('/');
  const name = path.startsWith('@') ? parts.slice(0, 2) : parts.slice(0, 1);
  const root = packageFolder(name.join('/'));
  return { root, folder: join(root, ...parts.slice(name.length)) };
}

function readSource(source: Source): Found[] {
  const { root, folder } = folderOf(source.folder);
  const files = readdirSync(folder).filter((file) => file.endsWith('.d.ts') && file !== 'index.d.ts');
  if (files.length === 0) throw new Error(`${source.folder} holds no declarations`);
  return files.sort().map((file) => {
    const path = join(folder, file);
    const ref = `${source.prefix}.${file.slice(0, -'.d.ts'.length)}`;
    const declaration = withoutLater(parseDeclaration(readFileSync(path, 'utf8'), path), ref);
    if (mangle(ref) !== declaration.mangled)
      throw new Error(`${path} exports ${declaration.mangled}, not ${mangle(ref)}`);
    return { ref, declaration, validator: join(root, '_schemas', `${declaration.mangled}.js`) };
  });
}

function withoutLater(declaration: Declaration, ref: string): Declaration {
  const later = laterFields[ref] ?? [];
  const { properties = [] } = declaration;
  for (const name of later) {
    const field = properties.find((property) => property.name === name);
    if (field?.optional !== true) throw new Error(`${ref} has no optional field ${name} to leave out`);
  }
  return later.length === 0
    ? declaration
    : { ...declaration, properties: properties.filter(({ name }) => !later.includes(name)) };
}

/** `io.k8s.api.core.v1.Pod` as the package writes it in identifiers: `IoK8sApiCoreV1Pod`. */
function mangle(ref: string): string {
  return ref
    .split(/[.-]/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}

/** Every object type the roots lead to, roots included; value types end the walk. */
function reach(roots: readonly string[], byMangled: ReadonlyMap<string, Found>): Found[] {
  const seen = new Map<string, Found>();
  const queue = [...roots];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const found = byMangled.get(name);
    if (found === undefined) throw new Error(`no declaration for ${name}`);
    if (seen.has(name) || values[found.ref] !== undefined) continue;
    if (found.declaration.properties === undefined) throw new Error(`${found.ref} is an alias of unknown meaning`);
    if (found.declaration.properties.length === 0 && !markers.has(found.ref))
      throw new Error(`${found.ref} has no fields and is not a known value`);
    seen.set(name, found);
    for (const property of found.declaration.properties) {
      for (const next of namesIn(property.type)) queue.push(mangledName(next, found.declaration));
    }
  }
  return [...seen.values()];
}

function namesIn(type: TypeNode): string[] {
  if (type.is === 'name') return [type.name];
  return type.is === 'array' || type.is === 'map' ? namesIn(type.of) : [];
}

/** A type's own name is used bare where it refers to itself; others carry the interfaces' leading I. */
function mangledName(name: string, within: Declaration): string {
  return name === within.local ? within.mangled : name.slice(1);
}

async function loadValidator(found: Found): Promise<Validator> {
  const module = (await import(found.validator)) as { validate?: Validator };
  if (typeof module.validate !== 'function') throw new Error(`${found.validator} has no validate`);
  return module.validate;
}

/** The one type the package writes out in place of its name, at StatefulSet's volumeClaimTemplates. */
const inlined = { names: 'apiVersion,kind,metadata,spec,status', mangled: 'IoK8sApiCoreV1PersistentVolumeClaim' };

function toType(found: Found, validate: Validator | undefined, byMangled: ReadonlyMap<string, Found>): RawType {
  if (validate === undefined) throw new Error(`${found.ref} has no validator`);
  const { description, isKind, properties = [] } = found.declaration;
  const required = properties.filter((property) => !property.optional).map((property) => property.name);
  const demanded = probeRequired(validate);
  if (demanded.join() !== [...required].sort().join()) {
    throw new Error(`${found.ref}: the interface requires [${required}], the validator [${demanded}]`);
  }
  const entries = properties.map((property): [string, RawSchema] => {
    if (isKind && (property.name === 'apiVersion' || property.name === 'kind')) {
      return [property.name, { description: typeMeta[property.name], type: 'string' }];
    }
    const schema = convert(property, found, validate, byMangled);
    return [property.name, property.description === '' ? schema : { description: property.description, ...schema }];
  });
  return {
    ...(description === '' ? {} : { description }),
    required: isKind ? required.filter((name) => name !== 'apiVersion' && name !== 'kind') : required,
    properties: Object.fromEntries(entries),
  };
}

const typeMeta = {
  apiVersion: 'The group and version this object is written in, for example apps/v1.',
  kind: 'The kind of this object, in CamelCase. Cannot be updated.',
} as const;

function convert(
  property: PropertyNode,
  found: Found,
  validate: Validator,
  byMangled: ReadonlyMap<string, Found>,
): RawSchema {
  const { name } = property;
  const walk = (type: TypeNode, wrap: Wrap, pointer: string): RawSchema => {
    switch (type.is) {
      case 'array':
        return { type: 'array', items: walk(type.of, (value) => wrap([value]), `${pointer}/0`) };
      case 'map':
        return { type: 'map', values: walk(type.of, (value) => wrap({ k: value }), `${pointer}/k`) };
      case 'literals':
        return { type: 'string', enum: type.values };
      case 'number':
        return probeNumber(validate, name, wrap, pointer);
      case 'string': {
        const format = probeString(validate, name, wrap, pointer);
        return format === undefined ? { type: 'string' } : { type: 'string', format };
      }
      case 'boolean':
        return { type: 'boolean' };
      case 'inline':
        if (type.properties.join() !== inlined.names) throw new Error(`${found.ref}.${name}: unknown inline object`);
        return toReference(inlined.mangled, byMangled);
      case 'name':
        return toReference(mangledName(type.name, found.declaration), byMangled);
    }
  };
  return walk(property.type, (value) => value, `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
}

function toReference(mangled: string, byMangled: ReadonlyMap<string, Found>): RawSchema {
  const ref = byMangled.get(mangled)?.ref;
  if (ref === undefined) throw new Error(`no declaration for ${mangled}`);
  return values[ref] ?? { type: 'ref', ref };
}
