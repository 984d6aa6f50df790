/** The kinds of the cluster as they come and go: those that are built in, and those that definitions bring. */
import { type ApiObject, type CustomResourceDefinition, resources } from '@skiff/api';
import type { Informer, InformerFactory } from '@skiff/client';
import { type AnyKind, customKind, isWatchedForOwners } from './kinds.ts';

export interface Catalog {
  list(): readonly AnyKind[];
  /** Calls for every kind there is and to come whose objects may own or be owned, with a cache of them. What it returns is called when the kind goes. */
  follow(come: (kind: AnyKind, objects: Informer<ApiObject>) => () => void): () => void;
  /** Every followed kind's objects are in its cache. */
  readonly synced: boolean;
}

export interface CatalogOptions {
  readonly builtin: readonly AnyKind[];
  /** Runs as long as the process. */
  readonly informers: InformerFactory;
  /** Makes informers that can be stopped by themselves, when their kind goes. */
  readonly separate: () => InformerFactory;
}

interface Custom {
  readonly kind: AnyKind;
  readonly factory: InformerFactory;
  /** One for each follower. */
  readonly gone: (() => void)[];
}

export function createCatalog({ builtin, informers, separate }: CatalogOptions): Catalog {
  const definitions = informers.informer(resources.customresourcedefinitions);
  const custom = new Map<string, Custom>();
  const followers = new Set<(kind: AnyKind, objects: Informer<ApiObject>) => () => void>();
  const informerOf = new Map(builtin.filter(isWatchedForOwners).map((kind) => [kind, informers.informer(kind)]));

  function see(definition: CustomResourceDefinition, present: boolean): void {
    const { name } = definition.metadata;
    const kind = present ? customKind(definition) : undefined;
    const before = custom.get(name);
    if (before !== undefined && kind !== undefined && JSON.stringify(before.kind) === JSON.stringify(kind)) return;
    if (before !== undefined) {
      custom.delete(name);
      for (const gone of before.gone) gone();
      void before.factory.stop();
    }
    if (kind === undefined) return;
    const factory = separate();
    const objects = factory.informer(kind);
    custom.set(name, { kind, factory, gone: [...followers].map((come) => come(kind, objects)) });
  }

  let unwatch: (() => void) | undefined;
  /** Definitions are watched from the first question on. */
  const open = (): void => {
    unwatch ??= definitions.onChange((change) => see(change.object, change.type !== 'removed'));
  };

  return {
    list() {
      open();
      return [...builtin, ...[...custom.values()].map(({ kind }) => kind)];
    },
    follow(come) {
      open();
      followers.add(come);
      const undo = [...informerOf].map(([kind, objects]) => come(kind, objects));
      for (const { kind, factory, gone } of custom.values()) gone.push(come(kind, factory.informer(kind)));
      return () => {
        followers.delete(come);
        for (const run of undo) run();
        for (const { factory, gone } of custom.values()) {
          for (const run of gone) run();
          void factory.stop();
        }
        custom.clear();
        unwatch?.();
        unwatch = undefined;
      };
    },
    get synced() {
      const customs = [...custom.values()].map(({ kind, factory }) => factory.informer(kind));
      return definitions.hasSynced && [...informerOf.values(), ...customs].every((objects) => objects.hasSynced);
    },
  };
}
