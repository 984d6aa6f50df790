/** What a CustomResourceDefinition must be, and which changes of it are allowed (apiextensions' validation of v1.32). */
import {
  checkClientConfig,
  checkDns1035Label,
  checkDns1123Subdomain,
  type FieldError,
  field,
  type JsonObject,
} from '@skiff/api';
import { same } from '../../patch/values.ts';
import { approvalFaults } from './approval.ts';
import { asCrd, type Conversion, type CrdSpec, isTrue, type Names } from './types.ts';
import { versionFaults } from './validate-version.ts';

/** Faults of a new definition, its metadata's apart. */
export function definitionFaults(object: JsonObject): FieldError[] {
  const crd = asCrd(object);
  const { spec = {}, metadata, status } = crd;
  const faults: FieldError[] = [];
  const name = metadata?.name ?? '';
  if (name !== `${spec.names?.plural ?? ''}.${spec.group ?? ''}`) {
    faults.push(field.invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  }
  faults.push(...specFaults(spec, undefined));
  addStoredVersions(faults, status?.storedVersions ?? [], spec);
  faults.push(...approvalFaults(crd, undefined));
  return faults;
}

/** Faults of a changed definition and of the change. */
export function definitionUpdateFaults(object: JsonObject, oldObject: JsonObject): FieldError[] {
  const [crd, old] = [asCrd(object), asCrd(oldObject)];
  const { spec = {} } = crd;
  const before = old.spec ?? {};
  const faults = specFaults(spec, before);
  if (isTrue(old, 'Established')) {
    addImmutable(faults, 'spec.scope', spec.scope, before.scope);
    addImmutable(faults, 'spec.names.kind', spec.names?.kind, before.names?.kind);
  }
  addImmutable(faults, 'spec.group', spec.group, before.group);
  addImmutable(faults, 'spec.names.plural', spec.names?.plural, before.names?.plural);
  addNames(faults, crd.status?.acceptedNames ?? {}, 'status.acceptedNames');
  addStoredVersions(faults, crd.status?.storedVersions ?? [], spec);
  faults.push(...approvalFaults(crd, old));
  return faults;
}

function addImmutable(faults: FieldError[], path: string, value: string | undefined, old: string | undefined): void {
  if (value !== old) faults.push(field.invalid(path, value ?? '', 'field is immutable'));
}

function specFaults(spec: CrdSpec, old: CrdSpec | undefined): FieldError[] {
  const faults: FieldError[] = [];
  addGroup(faults, spec.group ?? '');
  const { scope = '', names = {} } = spec;
  if (scope === '') faults.push(field.required('spec.scope'));
  else if (scope !== 'Cluster' && scope !== 'Namespaced') {
    faults.push(field.notSupported('spec.scope', scope, ['Cluster', 'Namespaced']));
  }
  addVersions(faults, spec, old);
  for (const name of ['plural', 'singular', 'kind', 'listKind'] as const) {
    if ((names[name] ?? '') === '') faults.push(field.required(`spec.names.${name}`));
  }
  addNames(faults, names, 'spec.names');
  if (spec.preserveUnknownFields === true && old?.preserveUnknownFields !== true) {
    const why =
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
    faults.push(field.invalid('spec.preserveUnknownFields', true, why));
  }
  if (spec.conversion !== undefined) addConversion(faults, spec.conversion, 'spec.conversion');
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

function addVersions(faults: FieldError[], spec: CrdSpec, old: CrdSpec | undefined): void {
  const { versions = [] } = spec;
  for (const [index, version] of versions.entries()) {
    const path = `spec.versions[${index}]`;
    if (version.schema?.openAPIV3Schema === undefined) faults.push(field.required(`${path}.schema.openAPIV3Schema`));
    const problems = checkDns1035Label(version.name ?? '');
    if (problems.length > 0) faults.push(field.invalid(`${path}.name`, version.name ?? '', problems.join(',')));
    const before = old?.versions?.find((each) => each.name === version.name);
    const isUnchanged = before !== undefined && same(version.schema as never, before.schema as never);
    faults.push(...versionFaults(version, path, { isUnchanged }));
  }
  if (new Set(versions.map((each) => each.name)).size < versions.length) {
    faults.push(field.invalid('spec.versions', versions, 'must contain unique version names'));
  }
  if (versions.filter((each) => each.storage === true).length !== 1) {
    const why = 'must have exactly one version marked as storage version';
    faults.push(field.invalid('spec.versions', versions, why));
  }
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
    faults.push(field.invalid(path, stored, 'must have at least one stored version'));
    return;
  }
  for (const version of versions) {
    if (version.storage !== true || stored.includes(version.name ?? '')) continue;
    faults.push(field.invalid(path, stored, `must have the storage version ${version.name}`));
  }
  for (const [index, name] of stored.entries()) {
    if (versions.some((version) => version.name === name)) continue;
    const why = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    faults.push(field.invalid(`${path}[${index}]`, name, why));
  }
}

const reviewVersions = ['v1', 'v1beta1'];

/** The fields of v1's `webhook` are reported by the names they have inside Kubernetes. */
function addConversion(faults: FieldError[], { strategy = '', webhook }: Conversion, path: string): void {
  if (strategy === '') faults.push(field.required(`${path}.strategy`));
  else if (strategy !== 'None' && strategy !== 'Webhook') {
    faults.push(field.notSupported(`${path}.strategy`, strategy, ['None', 'Webhook']));
  }
  const at = { config: `${path}.webhookClientConfig`, versions: `${path}.conversionReviewVersions` };
  if (strategy !== 'Webhook') {
    const why = 'should not be set when strategy is not set to Webhook';
    if (webhook?.clientConfig !== undefined) faults.push(field.forbidden(at.config, why));
    if ((webhook?.conversionReviewVersions ?? []).length > 0) faults.push(field.forbidden(at.versions, why));
    return;
  }
  if (webhook?.clientConfig === undefined) {
    faults.push(field.required(at.config, 'required when strategy is set to Webhook'));
  } else faults.push(...checkClientConfig(webhook.clientConfig, at.config));
  addReviewVersions(faults, webhook?.conversionReviewVersions ?? [], at.versions);
}

function addReviewVersions(faults: FieldError[], versions: readonly string[], path: string): void {
  if (versions.length === 0) {
    faults.push(field.required(path));
    return;
  }
  for (const [index, version] of versions.entries()) {
    if (versions.indexOf(version) < index)
      faults.push(field.invalid(`${path}[${index}]`, version, 'duplicate version'));
    else for (const why of checkDns1035Label(version)) faults.push(field.invalid(`${path}[${index}]`, version, why));
  }
  if (versions.some((version) => reviewVersions.includes(version))) return;
  faults.push(field.invalid(path, versions, `must include at least one of ${reviewVersions.join(', ')}`));
}
