/** Who holds which names, so that one definition more costs a look at its own names and not at all there are. */
import { namesOfKind, namesOfResource, type TakenNames } from './names.ts';
import type { Names } from './types.ts';

export interface NameBook {
  /** What `holder` holds in the group from now on, in place of what it held there. */
  set(group: string, holder: string, names: Names): void;
  /** Gives back all that it holds. */
  delete(holder: string): void;
  has(holder: string): boolean;
  /** The names that others than `holder` hold in the group, at the time they are asked for. */
  heldByOthers(group: string, holder: string): TakenNames;
  /** Grows when names of the group are given back: who was refused one may have it now. */
  releases(group: string): number;
}

/** Names to those that hold them: two may, from before one of them was refused it. */
type Holders = Map<string, Set<string>>;

interface Group {
  readonly resources: Holders;
  readonly kinds: Holders;
  releases: number;
}

export function createNameBook(): NameBook {
  const groups = new Map<string, Group>();
  const held = new Map<string, { readonly group: string; readonly names: Names }>();
  const groupOf = (name: string): Group => {
    const group = groups.get(name) ?? { resources: new Map(), kinds: new Map(), releases: 0 };
    groups.set(name, group);
    return group;
  };
  const release = (holder: string): void => {
    const entry = held.get(holder);
    if (entry === undefined) return;
    const group = groupOf(entry.group);
    drop(group.resources, namesOfResource(entry.names), holder);
    drop(group.kinds, namesOfKind(entry.names), holder);
    group.releases += 1;
    held.delete(holder);
  };
  return {
    set(group, holder, names) {
      const before = held.get(holder);
      if (before?.group === group && sameNames(before.names, names)) return;
      release(holder);
      const { resources, kinds } = groupOf(group);
      enter(resources, namesOfResource(names), holder);
      enter(kinds, namesOfKind(names), holder);
      held.set(holder, { group, names });
    },
    delete: release,
    has: (holder) => held.has(holder),
    heldByOthers(name, holder) {
      const { resources, kinds } = groupOf(name);
      return { resources: others(resources, holder), kinds: others(kinds, holder) };
    },
    releases: (group) => groupOf(group).releases,
  };
}

function enter(holders: Holders, names: readonly string[], holder: string): void {
  for (const name of names) {
    const by = holders.get(name);
    if (by === undefined) holders.set(name, new Set([holder]));
    else by.add(holder);
  }
}

function drop(holders: Holders, names: readonly string[], holder: string): void {
  for (const name of names) {
    const by = holders.get(name);
    by?.delete(holder);
    if (by?.size === 0) holders.delete(name);
  }
}

const others = (holders: Holders, holder: string) => ({
  has(name: string): boolean {
    const by = holders.get(name);
    return by !== undefined && by.size > (by.has(holder) ? 1 : 0);
  },
});

const sameNames = (a: Names, b: Names): boolean =>
  JSON.stringify([namesOfResource(a), namesOfKind(a)]) === JSON.stringify([namesOfResource(b), namesOfKind(b)]);
