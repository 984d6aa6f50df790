/** What a CustomResourceDefinition must be, and which changes of it are allowed (apiextensions' validation of v1.32). */
import { checkDns1035Label, checkDns1123Subdomain, type FieldError, field, goList, type JsonObject } from '@skiff/api';
import { same } from '../../patch/values.ts';
import { defaultRuleFaults, hasRules } from '../cel/check-rules.ts';
import { defaultsIn } from '../schema/default-faults.ts';
import { approvalFaults } from './approval.ts';
import { asCrd, type CrdSpec, isTrue, type Names, type Version } from './types.ts';
import { type ConversionOptions, conversionFaults, conversionOptions } from './validate-conversion.ts';
import { type Part, partFaults, sharedParts, versionFaults } from './validate-version.ts';

/** Faults of a new definition, its metadata's apart. */
export function definitionFaults(object: JsonObject): FieldError[] {
  const crd = asCrd(object);
  const { spec = {}, metadata, status } = crd;
  const faults: FieldError[] = [];
  const name = metadata?.name ?? '';
  if (name !== '' && name !== `${spec.names?.plural ?? ''}.${spec.group ?? ''}`) {
    faults.push(field.invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  }
  faults.push(...specFaults(spec, undefined, conversionOptions(undefined)));
  addStoredVersions(faults, status?.storedVersions ?? [], spec);
  faults.push(...approvalFaults(crd, undefined));
  addPreserving(faults, spec, undefined);
  return faults;
}

/** Faults of a changed definition and of the change. */
export function definitionUpdateFaults(object: JsonObject, oldObject: JsonObject): FieldError[] {
  const [crd, old] = [asCrd(object), asCrd(oldObject)];
  const { spec = {} } = crd;
  const before = old.spec ?? {};
  const faults = specFaults(spec, before, conversionOptions(old));
  if (isTrue(old, 'Established')) {
    addImmutable(faults, 'spec.scope', spec.scope, before.scope);
    addImmutable(faults, 'spec.names.kind', spec.names?.kind, before.names?.kind);
  }
  addImmutable(faults, 'spec.group', spec.group, before.group);
  addImmutable(faults, 'spec.names.plural', spec.names?.plural, before.names?.plural);
  addNames(faults, crd.status?.acceptedNames ?? {}, 'status.acceptedNames');
  addStoredVersions(faults, crd.status?.storedVersions ?? [], spec);
  faults.push(...approvalFaults(crd, old));
  addPreserving(faults, spec, before);
  return faults;
}

/** What the rules of new and changed schemas say of their defaults. For a definition that has no other fault. */
export function defaultRuleFaultsOf(
  object: JsonObject,
  oldObject?: JsonObject,
): readonly FieldError[] | Promise<readonly FieldError[]> {
  const { versions = [] } = asCrd(object).spec ?? {};
  const old = oldObject === undefined ? undefined : asCrd(oldObject).spec;
  const isShared = sharedParts(versions).has('schema');
  const defaults = (isShared ? versions.slice(0, 1) : versions).flatMap((version, index) => {
    const schema = version.schema?.openAPIV3Schema;
    if (schema === undefined || isUnchanged(version, old)) return [];
    const path = isShared ? 'spec.validation' : `spec.versions[${index}].schema`;
    return defaultsIn(schema, `${path}.openAPIV3Schema`).filter((each) => hasRules(each.schema));
  });
  return defaults.length === 0 ? [] : defaultRuleFaults(defaults);
}

/** Faults of a changed status. */
export function definitionStatusFaults(object: JsonObject): FieldError[] {
  const faults: FieldError[] = [];
  addNames(faults, asCrd(object).status?.acceptedNames ?? {}, 'status.acceptedNames');
  return faults;
}

function addImmutable(faults: FieldError[], path: string, value: string | undefined, old: string | undefined): void {
  if (value !== old) faults.push(field.invalid(path, value ?? '', 'field is immutable'));
}

function specFaults(spec: CrdSpec, old: CrdSpec | undefined, options: ConversionOptions): FieldError[] {
  const faults: FieldError[] = [];
  addGroup(faults, spec.group ?? '');
  const { scope = '', names = {} } = spec;
  if (scope === '') faults.push(field.required('spec.scope'));
  else if (scope !== 'Cluster' && scope !== 'Namespaced') {
    faults.push(field.notSupported('spec.scope', scope, ['Cluster', 'Namespaced']));
  }
  const { versions = [] } = spec;
  for (const [index, version] of versions.entries()) {
    if (version.schema?.openAPIV3Schema !== undefined) continue;
    faults.push(field.required(`spec.versions[${index}].schema.openAPIV3Schema`, 'schemas are required'));
  }
  const shared = sharedParts(versions);
  addVersions(faults, versions, old, shared);
  for (const name of ['plural', 'singular', 'kind', 'listKind'] as const) {
    if ((names[name] ?? '') === '') faults.push(field.required(`spec.names.${name}`));
  }
  addNames(faults, names, 'spec.names');
  const [first] = versions;
  if (first !== undefined) {
    const hasStatus = versions.some((version) => version.subresources?.status !== undefined);
    faults.push(...partFaults(first, 'spec', shared, { isUnchanged: isUnchanged(first, old), hasStatus }));
  }
  if (spec.preserveUnknownFields === true && spec.conversion !== undefined && spec.conversion.strategy !== 'None') {
    const why = 'must be None if spec.preserveUnknownFields is true';
    faults.push(field.invalid('spec.conversion.strategy', spec.conversion.strategy ?? '', why));
  }
  if (spec.conversion !== undefined) faults.push(...conversionFaults(spec.conversion, options));
  return faults;
}

function addGroup(faults: FieldError[], group: string): void {
  const problems = checkDns1123Subdomain(group);
  if (group === '') faults.push(field.required('spec.group'));
  else if (problems.length > 0) faults.push(field.invalid('spec.group', group, problems.join(',')));
  else if (!group.includes('.')) {
    faults.push(field.invalid('spec.group', group, 'should be a domain with at least one dot'));
  }
}

function addVersions(
  faults: FieldError[],
  versions: readonly Version[],
  old: CrdSpec | undefined,
  shared: ReadonlySet<Part>,
): void {
  for (const [index, version] of versions.entries()) {
    const path = `spec.versions[${index}]`;
    const problems = checkDns1035Label(version.name ?? '');
    if (problems.length > 0) faults.push(field.invalid(`${path}.name`, version.name ?? '', problems.join(',')));
    const hasStatus = version.subresources?.status !== undefined;
    faults.push(...versionFaults(version, path, shared, { isUnchanged: isUnchanged(version, old), hasStatus }));
  }
  if (new Set(versions.map((each) => each.name)).size < versions.length) {
    faults.push(field.invalid('spec.versions', versions, 'must contain unique version names'));
  }
  if (versions.filter((each) => each.storage === true).length !== 1) {
    const why = 'must have exactly one version marked as storage version';
    const shown = versions.length === 0 ? goList('apiextensions.CustomResourceDefinitionVersion', undefined) : versions;
    faults.push(field.invalid('spec.versions', shown, why));
  }
  // Inside Kubernetes the first version has a second place of its own.
  const first = versions[0]?.name ?? '';
  const problems = first === '' ? [] : checkDns1035Label(first);
  if (problems.length > 0) faults.push(field.invalid('spec.version', first, problems.join(',')));
}

function isUnchanged({ name, schema }: Version, old: CrdSpec | undefined): boolean {
  const before = old?.versions?.find((each) => each.name === name);
  return before !== undefined && same(schema as never, before.schema as never);
}

function addPreserving(faults: FieldError[], spec: CrdSpec, old: CrdSpec | undefined): void {
  if (spec.preserveUnknownFields !== true || old?.preserveUnknownFields === true) return;
  const why = 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
  faults.push(field.invalid('spec.preserveUnknownFields', true, why));
}

function addNames(faults: FieldError[], names: Names, path: string): void {
  const label = (text: string, at: string, prefix = ''): void => {
    const problems = text === '' ? [] : checkDns1035Label(prefix === '' ? text : text.toLowerCase());
    if (problems.length > 0) faults.push(field.invalid(at, text, prefix + problems.join(',')));
  };
  const mixed = 'may have mixed case, but should otherwise match: ';
  const { plural = '', singular = '', kind = '', listKind = '' } = names;
  label(plural, `${path}.plural`);
  label(singular, `${path}.singular`);
  label(kind, `${path}.kind`, mixed);
  label(listKind, `${path}.listKind`, mixed);
  for (const [index, each] of (names.shortNames ?? []).entries()) label(each, `${path}.shortNames[${index}]`);
  if (kind !== '' && kind === listKind) {
    faults.push(field.invalid(`${path}.listKind`, listKind, 'kind and listKind may not be the same'));
  }
  for (const [index, each] of (names.categories ?? []).entries()) label(each, `${path}.categories[${index}]`);
}

function addStoredVersions(faults: FieldError[], stored: readonly string[], spec: CrdSpec): void {
  const path = 'status.storedVersions';
  const { versions = [] } = spec;
  if (stored.length === 0) {
    faults.push(field.invalid(path, goList('string', undefined), 'must have at least one stored version'));
    return;
  }
  for (const version of versions) {
    if (version.storage !== true || stored.includes(version.name ?? '')) continue;
    faults.push(field.invalid(path, stored, `must have the storage version ${version.name}`));
  }
  for (const [index, name] of stored.entries()) {
    if (versions.some((version) => version.name === name)) continue;
    faults.push(field.invalid(`${path}[${index}]`, name, 'must appear in spec.versions'));
  }
}
