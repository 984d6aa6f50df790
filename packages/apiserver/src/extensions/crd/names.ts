/** Which names of a CRD are free (apiextensions' naming controller): pure. */
import type { Condition, Crd, Names } from './types.ts';

/** Names that others of the group have: in URLs, and as kinds. */
export interface TakenNames {
  readonly resources: Taken;
  readonly kinds: Taken;
}

interface Taken {
  has(name: string): boolean;
}

export interface Naming {
  readonly accepted: Names;
  readonly condition: Condition;
}

const given = (names: readonly (string | undefined)[]): readonly string[] =>
  names.filter((name) => name !== undefined && name !== '') as readonly string[];

/** The names by which URLs ask for it. */
export const namesOfResource = ({ plural, singular, shortNames = [] }: Names): readonly string[] =>
  given([plural, singular, ...shortNames]);

/** The kinds of its objects and lists. */
export const namesOfKind = ({ kind, listKind }: Names): readonly string[] => given([kind, listKind]);

/** The names that are accepted now: each asked-for one that is free or was this CRD's already. */
export function judgeNames(crd: Crd, taken: TakenNames): Naming {
  const asked = crd.spec?.names ?? {};
  const before = crd.status?.acceptedNames ?? {};
  const isTaken = (name: string | undefined, mine: string | undefined, by: Taken): boolean =>
    name !== mine && name !== undefined && by.has(name);
  let fault: { readonly reason: string; readonly message: string } | undefined;
  const accepted: { -readonly [Key in keyof Names]: Names[Key] } = { ...before };
  const settle = (key: 'plural' | 'singular' | 'kind' | 'listKind', by: Taken, reason: string): void => {
    const name = asked[key];
    if (isTaken(name, before[key], by)) fault = { reason, message: inUse([name ?? '']) };
    else if (name !== undefined) accepted[key] = name;
  };
  settle('plural', taken.resources, 'PluralConflict');
  settle('singular', taken.resources, 'SingularConflict');
  const lost = (asked.shortNames ?? []).filter(
    (name) => before.shortNames?.includes(name) !== true && taken.resources.has(name),
  );
  if (lost.length > 0) fault = { reason: 'ShortNamesConflict', message: inUse(lost) };
  else if (asked.shortNames === undefined) delete accepted.shortNames;
  else accepted.shortNames = asked.shortNames;
  settle('kind', taken.kinds, 'KindConflict');
  settle('listKind', taken.kinds, 'ListKindConflict');
  if (asked.categories === undefined) delete accepted.categories;
  else accepted.categories = asked.categories;
  const type = 'NamesAccepted';
  return {
    accepted,
    condition:
      fault === undefined
        ? { type, status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
        : { type, status: 'False', ...fault },
  };
}

function inUse(names: readonly string[]): string {
  const texts = names.map((name) => `${JSON.stringify(name)} is already in use`);
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}
