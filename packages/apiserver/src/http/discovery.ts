/** What is served, as discovery documents: `/api`, `/apis`, one a group, one a group version, and all at once (aggregated). */
import { createHash } from 'node:crypto';
import { apiVersionOf, type Definition, type SubresourceDefinition } from '@skiff/api';

/** One version of a group with its kinds, in serving order. */
export interface GroupVersion {
  readonly group: string;
  readonly version: string;
  readonly definitions: readonly Definition[];
}

export interface Group {
  readonly name: string;
  /** Preferred first. */
  readonly versions: readonly GroupVersion[];
}

/** Kubernetes' order of versions: GA before beta before alpha, higher before lower, others by name. */
export function compareVersions(a: string, b: string): number {
  const rank = (version: string): readonly [number, number, number] | undefined => {
    const match = /^v(\d{1,9})(?:(alpha|beta)(\d{1,9}))?$/.exec(version);
    if (match === null) return undefined;
    return [match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0, Number(match[1]), Number(match[3] ?? 0)];
  };
  const [left, right] = [rank(a), rank(b)];
  if (left === undefined || right === undefined)
    return left === right ? (a < b ? -1 : a > b ? 1 : 0) : left === undefined ? 1 : -1;
  return right[0] - left[0] || right[1] - left[1] || right[2] - left[2];
}

/** Definitions by group and version; groups keep the order in which they first appear. */
export function groupsOf(definitions: readonly Definition[]): readonly Group[] {
  const groups = new Map<string, Map<string, Definition[]>>();
  for (const definition of definitions) {
    const versions = groups.get(definition.group) ?? new Map<string, Definition[]>();
    groups.set(definition.group, versions);
    const list = versions.get(definition.version) ?? [];
    versions.set(definition.version, list);
    list.push(definition);
  }
  return [...groups].map(([name, versions]) => ({
    name,
    versions: [...versions]
      .sort(([a], [b]) => compareVersions(a, b))
      .map(([version, list]) => ({ group: name, version, definitions: list })),
  }));
}

/** `/api`: the core group's versions. */
export function apiVersionsDocument(groups: readonly Group[], serverAddress: string): object {
  const core = groups.find((group) => group.name === '');
  return {
    kind: 'APIVersions',
    versions: core?.versions.map((one) => one.version) ?? [],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

const groupVersionEntry = (one: GroupVersion): object => ({ groupVersion: apiVersionOf(one), version: one.version });

function groupBody(group: Group): object {
  const [preferred] = group.versions;
  return {
    name: group.name,
    versions: group.versions.map(groupVersionEntry),
    ...(preferred === undefined ? {} : { preferredVersion: groupVersionEntry(preferred) }),
  };
}

/** `/apis`. */
export const groupListDocument = (groups: readonly Group[]): object => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: groups.filter((group) => group.name !== '').map(groupBody),
});

/** `/apis/<group>`. */
export const groupDocument = (group: Group): object => ({ kind: 'APIGroup', apiVersion: 'v1', ...groupBody(group) });

/** The group and version of a subresource's kind, where they are not those of the list. */
function elsewhere({ group, version }: Definition, { kind }: SubresourceDefinition): object {
  if (kind === undefined || (kind.group === group && kind.version === version)) return {};
  return { ...(kind.group === '' ? {} : { group: kind.group }), version: kind.version };
}

function resourceEntries(definition: Definition): object[] {
  const own = {
    name: definition.resource,
    singularName: definition.singular,
    namespaced: definition.namespaced,
    kind: definition.kind,
    verbs: definition.verbs,
    ...(definition.shortNames.length === 0 ? {} : { shortNames: definition.shortNames }),
    ...(definition.categories.length === 0 ? {} : { categories: definition.categories }),
    ...(definition.storage === undefined ? {} : { storageVersionHash: storageVersionHash(definition.storage) }),
  };
  const below = definition.subresources.map((subresource) => ({
    name: `${definition.resource}/${subresource.name}`,
    singularName: '',
    namespaced: definition.namespaced,
    ...elsewhere(definition, subresource),
    kind: subresource.kind?.kind ?? definition.kind,
    verbs: subresource.verbs,
  }));
  return [own, ...below];
}

/** Tells clients when the stored version of a kind changed: eight bytes of a hash, base64, as Kubernetes forms it. */
function storageVersionHash(storage: { group: string; version: string; kind: string }): string {
  const text = `${storage.group}/${storage.version}/${storage.kind}`;
  return createHash('sha256').update(text).digest().subarray(0, 8).toString('base64');
}

/** `/api/v1`, `/apis/<group>/<version>`. */
export const resourceListDocument = (one: GroupVersion): object => ({
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: apiVersionOf(one),
  resources: one.definitions.flatMap(resourceEntries),
});

function aggregatedSubresource(definition: Definition, subresource: SubresourceDefinition): object {
  const { group, version, kind } = subresource.kind ?? definition;
  return { subresource: subresource.name, responseKind: { group, version, kind }, verbs: subresource.verbs };
}

function aggregatedResource(definition: Definition): object {
  const { group, version, kind } = definition;
  return {
    resource: definition.resource,
    responseKind: { group, version, kind },
    scope: definition.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: definition.singular,
    verbs: definition.verbs,
    ...(definition.shortNames.length === 0 ? {} : { shortNames: definition.shortNames }),
    ...(definition.categories.length === 0 ? {} : { categories: definition.categories }),
    ...(definition.subresources.length === 0
      ? {}
      : { subresources: definition.subresources.map((one) => aggregatedSubresource(definition, one)) }),
  };
}

/** Everything below `/api` (core alone) or `/apis` (the rest) in one document (KEP-3352). */
export const aggregatedDocument = (groups: readonly Group[], version: 'v2' | 'v2beta1'): object => ({
  kind: 'APIGroupDiscoveryList',
  apiVersion: `apidiscovery.k8s.io/${version}`,
  metadata: {},
  items: groups.map((group) => ({
    metadata: group.name === '' ? { creationTimestamp: null } : { name: group.name, creationTimestamp: null },
    versions: group.versions.map((one) => ({
      version: one.version,
      resources: one.definitions.map(aggregatedResource),
      freshness: 'Current',
    })),
  })),
});

/** Which aggregated form an Accept clause asks for, if any. */
export function aggregatedVersion(parameters: ReadonlyMap<string, string>): 'v2' | 'v2beta1' | undefined {
  if (parameters.get('as') !== 'APIGroupDiscoveryList' || parameters.get('g') !== 'apidiscovery.k8s.io')
    return undefined;
  const version = parameters.get('v');
  return version === 'v2' || version === 'v2beta1' ? version : undefined;
}

/** A strong ETag of a text. */
export const etagOf = (text: string): string => `"${createHash('sha512').update(text).digest('hex').toUpperCase()}"`;
