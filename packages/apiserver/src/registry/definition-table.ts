/**
 * The served kinds. Built-in kinds are there from the start; custom ones come and go at run time. Each entry joins a
 * definition with what makes its kind special.
 */
import type { Definition, FieldError, GroupVersionResource, JsonObject } from '@skiff/api';
import type { Decoded } from '@skiff/api/validation';
import type { Column, Strategy } from './contract.ts';
import type { Converter } from './versions.ts';

/** How documents of a resource are kept, whatever version they are asked for at. */
export interface StoredAs {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
}

/** Where a custom kind keeps what its scale subresource shows: dotted paths such as `.spec.replicas`. */
export interface ScalePaths {
  readonly specReplicas: string;
  readonly statusReplicas: string;
  readonly labelSelector?: string;
}

export interface Kind {
  readonly definition: Definition;
  readonly strategy: Strategy;
  readonly columns: readonly Column[];
  readonly stored: StoredAs;
  /** Absent when this version is the only one there ever was: stored text is answered as it is. */
  readonly converter?: Converter;
  /** The fields that any version selects stored documents by; absent: this one's own. */
  readonly storedFields?: Strategy['selectableFields'];
  /** Field selectors of this version that mean another field of the stored one (`regarding.name` of events.k8s.io). */
  readonly fieldAliases?: ReadonlyMap<string, string>;
  /** Fills in the defaults, in place. */
  readonly complete?: (object: JsonObject) => void;
  /** Faults of a new object, or of a changed one when `old` is given. */
  readonly check?: (
    object: JsonObject,
    old: JsonObject | undefined,
    subresource: string,
  ) => readonly FieldError[] | Promise<readonly FieldError[]>;
  /** Absent: `spec.replicas`, `status.replicas` and the selector of a built-in workload. */
  readonly scale?: ScalePaths;
  /** It arrived at run time: strategic merge patch is not for it. */
  readonly custom?: boolean;
  /** Absent: as Go would decode the definition's schema. Custom kinds are pruned, and judged later. */
  readonly decode?: (document: JsonObject, fractions: readonly string[]) => Decoded;
  /** Absent: stored documents are as the schema wants them. */
  readonly settle?: Settling;
  /** In place of `converter` for documents: somebody else converts objects to `apiVersion`. Throws ApiError. */
  readonly convert?: (objects: readonly JsonObject[], apiVersion: string) => Promise<readonly JsonObject[]>;
  /** Every request is told this. */
  readonly deprecation?: string;
  /** The kind is being withdrawn: nothing new is created. */
  readonly terminating?: boolean;
}

/** Documents from before the present schema are brought up to it when they are read. */
export interface Settling {
  /** Documents of later versions were written under the present schema. */
  readonly before: bigint;
  /** In place. */
  readonly run: (object: JsonObject) => JsonObject;
}

export interface DefinitionTable {
  all(): readonly Kind[];
  find(of: GroupVersionResource): Kind | undefined;
  /** The kind at the version that documents are stored at; another version's while that one is not served. */
  storedAs(of: { readonly group: string; readonly resource: string }): Kind | undefined;
  /** Adds kinds, or puts them in place of those with the same group, version and resource. */
  add(kinds: readonly Kind[]): void;
  remove(names: readonly GroupVersionResource[]): void;
  /** Calls back after each change. Returns the unsubscribe. */
  onChanged(run: () => void): () => void;
}

const idOf = (of: GroupVersionResource): string => `${of.group}/${of.version}/${of.resource}`;

const namedAlike = (kinds: Iterable<Kind>): ReadonlyMap<string, readonly Kind[]> =>
  Map.groupBy(kinds, ({ definition }) => definition.resource);

/** A table that holds `kinds`; order is that of arrival. */
export function createDefinitionTable(kinds: readonly Kind[]): DefinitionTable {
  const byId = new Map(kinds.map((kind) => [idOf(kind.definition), kind]));
  // Every request asks a dozen times: a text made for each would cost more than looking through the few of a name.
  let byResource = namedAlike(byId.values());
  const listeners = new Set<() => void>();
  const byStorage = new Map<string, Kind>();
  const file = (kind: Kind): void => {
    const { group, version, resource } = kind.stored;
    const id = `${group}/${resource}`;
    const isIt = kind.definition.version === version && kind.definition.group === group;
    const before = byStorage.get(id);
    const sameId = before !== undefined && idOf(before.definition) === idOf(kind.definition);
    if (isIt || before === undefined || sameId) byStorage.set(id, kind);
  };
  for (const kind of kinds) file(kind);
  const changed = (): void => {
    byResource = namedAlike(byId.values());
    for (const run of [...listeners]) run();
  };
  return {
    all: () => [...byId.values()],
    find: ({ group, version, resource }) =>
      byResource.get(resource)?.find(({ definition }) => definition.group === group && definition.version === version),
    storedAs: ({ group, resource }) => byStorage.get(`${group}/${resource}`),
    add(added) {
      for (const kind of added) {
        byId.set(idOf(kind.definition), kind);
        file(kind);
      }
      changed();
    },
    remove(names) {
      for (const name of names) byId.delete(idOf(name));
      changed();
    },
    onChanged(run) {
      listeners.add(run);
      return () => listeners.delete(run);
    },
  };
}
