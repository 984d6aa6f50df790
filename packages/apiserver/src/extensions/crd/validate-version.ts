/** One version of a CRD: its schema, subresources, columns and selectable fields. */
import { type FieldError, field } from '@skiff/api';
import { same } from '../../patch/values.ts';
import { ruleFaults } from '../cel/rule-faults.ts';
import { defaultFaults } from '../schema/default-faults.ts';
import { readFieldPath } from '../schema/field-path.ts';
import type { JsonSchema } from '../schema/json-schema.ts';
import { structuralFaults, unsupportedIn } from '../schema/structural.ts';
import { schemaFaults } from './schema-rules.ts';
import type { PrinterColumn, Subresources, Version } from './types.ts';

export interface VersionOptions {
  /** The schema is what it was before the update: rules are not held to cost limits that may have come later. */
  readonly isUnchanged: boolean;
  readonly hasStatus: boolean;
}

const parts = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const;

/** What versions may have in common. */
export type Part = (typeof parts)[number];

/** What is the same in all versions: Kubernetes keeps it once, above them, and speaks of it there. */
export function sharedParts(versions: readonly Version[]): ReadonlySet<Part> {
  const isShared = (part: Part): boolean =>
    versions.every((version) => same(version[part] as never, versions[0]?.[part] as never));
  return new Set(parts.filter(isShared));
}

/** Faults of a version that stands at `path`, but not of what it shares with all others. */
export function versionFaults(
  version: Version,
  path: string,
  shared: ReadonlySet<Part>,
  options: VersionOptions,
): FieldError[] {
  const faults: FieldError[] = [];
  addDeprecation(faults, version, `${path}.deprecationWarning`);
  const own = new Set(parts.filter((part) => !shared.has(part)));
  return [...faults, ...partFaults(version, path, own, options)];
}

/** Faults of some parts of a version, which stand at `path`: its own place, or `spec` for what all versions share. */
export function partFaults(
  version: Version,
  path: string,
  which: ReadonlySet<Part>,
  options: VersionOptions,
): FieldError[] {
  const faults: FieldError[] = [];
  const schema = version.schema?.openAPIV3Schema;
  if (which.has('schema') && schema !== undefined) {
    faults.push(...wholeSchema(schema, `${path}.${path === 'spec' ? 'validation' : 'schema'}`, options));
  }
  if (which.has('subresources')) addSubresources(faults, version.subresources ?? {}, `${path}.subresources`);
  if (which.has('additionalPrinterColumns')) {
    for (const [index, column] of (version.additionalPrinterColumns ?? []).entries()) {
      addColumn(faults, column, `${path}.additionalPrinterColumns[${index}]`);
    }
  }
  if (which.has('selectableFields')) addSelectable(faults, version, `${path}.selectableFields`);
  return faults;
}

function addDeprecation(faults: FieldError[], { deprecated, deprecationWarning: text }: Version, path: string): void {
  if (text === undefined) return;
  const say = (why: string): void => void faults.push(field.invalid(path, text, why));
  if (deprecated !== true) {
    say('can only be set for deprecated versions');
    return;
  }
  if (Buffer.byteLength(text) > 256) say('must be <= 256 characters long');
  if (text === '') say('must not be an empty string');
  const hidden = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(text);
  if (hidden !== null) {
    const at = Buffer.byteLength(text.slice(0, hidden.index));
    say(`must only contain printable UTF-8 characters; non-printable character found at index ${at}`);
  }
}

/** What may stand at the root of a schema when status has a way of its own: go names, as the message lists them. */
const rootFields =
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations';
const rootNames: ReadonlySet<string> = new Set(
  rootFields.split(' ').map((name) => {
    if (name === 'XPreserveUnknownFields') return 'x-kubernetes-preserve-unknown-fields';
    return name === 'XValidations' ? 'x-kubernetes-validations' : name[0]?.toLowerCase() + name.slice(1);
  }),
);

function wholeSchema(schema: JsonSchema, path: string, options: VersionOptions): FieldError[] {
  const at = `${path}.openAPIV3Schema`;
  const faults: FieldError[] = [];
  if (options.hasStatus) addRootRules(faults, schema, at);
  if (schema.nullable === true) faults.push(field.forbidden(`${at}.nullable`, 'nullable cannot be true at the root'));
  const unreadable = unsupportedIn(schema);
  const structural = unreadable === undefined ? structuralFaults(schema, at) : [];
  const isRead = unreadable === undefined && structural.length === 0;
  const shape = [...structural, ...(isRead ? defaultFaults(schema, at) : []), ...schemaFaults(schema, at)];
  faults.push(...shape);
  if (isRead && shape.length === 0) faults.push(...ruleFaults(schema, at, options.isUnchanged));
  if (unreadable !== undefined && faults.length === 0) faults.push(field.invalid(at, '', unreadable));
  return faults;
}

function addRootRules(faults: FieldError[], schema: JsonSchema, at: string): void {
  if (schema.type !== undefined && schema.type !== 'object') {
    const why = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
    faults.push(field.invalid(`${at}.type`, schema.type, why));
    return;
  }
  const isForbidden = Object.entries(schema).some(
    ([name, value]) => !rootNames.has(name) && value !== false && value !== '',
  );
  if (!isForbidden) return;
  const why = `only [${rootFields}] fields are allowed at the root of the schema if the status subresource is enabled`;
  faults.push(field.invalid(at, schema, why));
}

function addSubresources(faults: FieldError[], { scale }: Subresources, path: string): void {
  if (scale === undefined) return;
  const { specReplicasPath: spec = '', statusReplicasPath: status = '', labelSelectorPath: selector = '' } = scale;
  addPath(faults, spec, `${path}.scale.specReplicasPath`, ['.spec.'], 'should be a json path under .spec');
  addPath(faults, status, `${path}.scale.statusReplicasPath`, ['.status.'], 'should be a json path under .status');
  if (selector === '') return;
  const why = 'should be a json path under either .spec or .status';
  addPath(faults, selector, `${path}.scale.labelSelectorPath`, ['.spec.', '.status.'], why);
}

function addPath(faults: FieldError[], text: string, at: string, roots: readonly string[], why: string): void {
  if (text === '') faults.push(field.required(at));
  else if (!text.startsWith('.')) faults.push(field.invalid(at, text, 'must be a simple json path starting with .'));
  else if (!roots.some((root) => text.startsWith(root))) faults.push(field.invalid(at, text, why));
}

const columnTypes = 'boolean,date,integer,number,string';
const columnFormats = 'byte,date,date-time,double,float,int32,int64,password';

function addColumn(faults: FieldError[], column: PrinterColumn, path: string): void {
  const { name = '', type = '', format = '', jsonPath = '' } = column;
  if (name === '') faults.push(field.required(`${path}.name`));
  if (type === '') faults.push(field.required(`${path}.type`, `must be one of ${columnTypes}`));
  else if (!columnTypes.split(',').includes(type)) {
    faults.push(field.invalid(`${path}.type`, type, `must be one of ${columnTypes}`));
  }
  if (format !== '' && !columnFormats.split(',').includes(format)) {
    faults.push(field.invalid(`${path}.format`, format, `must be one of ${columnFormats}`));
  }
  if (jsonPath === '') faults.push(field.required(`${path}.JSONPath`));
  else if (!jsonPath.startsWith('.')) {
    faults.push(field.invalid(`${path}.JSONPath`, jsonPath, 'must be a simple json path starting with .'));
  }
}

const maxSelectable = 8;

function addSelectable(faults: FieldError[], { selectableFields = [], schema: holder }: Version, path: string): void {
  const schema = holder?.openAPIV3Schema;
  if (selectableFields.length === 0) return;
  if (schema === undefined) {
    const why = 'selectableFields may only be set when version.schema.openAPIV3Schema is not included';
    faults.push(field.invalid(path, '', why));
    return;
  }
  const met = new Set<string>();
  for (const [index, { jsonPath = '' }] of selectableFields.entries()) {
    const at = `${path}[${index}].jsonPath`;
    if (jsonPath === '') {
      faults.push(field.required(at));
      continue;
    }
    const found = readFieldPath(jsonPath, schema, false);
    if ('fault' in found) {
      faults.push(field.invalid(at, jsonPath, `is an invalid path: ${found.fault}`));
      continue;
    }
    if (found.path[0] === 'metadata') faults.push(field.invalid(at, jsonPath, 'must not point to fields in metadata'));
    if (!['string', 'boolean', 'integer'].includes(found.schema.type ?? '')) {
      const why =
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
      faults.push(field.invalid(at, jsonPath, why));
    }
    if (met.has(found.text)) faults.push(field.duplicate(at, jsonPath));
    met.add(found.text);
  }
  if (met.size > maxSelectable) faults.push(field.tooMany(path, met.size, maxSelectable));
}
