/** The script that takes a table from what it is to what it should be, as one transaction. */
import { chainHeader, chainText, collectionHeader, ruleText } from './render.ts';
import type { Chain, Collection, Ruleset } from './ruleset.ts';

/** What is known of a table as it stands: a ruleset of ours, or only the names that were found in the kernel. */
export type Present =
  | { readonly known: 'all'; readonly ruleset: Ruleset }
  | { readonly known: 'names'; readonly chains: readonly string[]; readonly collections: readonly FoundCollection[] };

export interface FoundCollection {
  readonly name: string;
  readonly kind: 'set' | 'map';
}

export const nothingPresent: Present = { known: 'names', chains: [], collections: [] };

/** A line longer than this many elements is split, so that nft's parser and our memory stay small. */
const elementsPerCommand = 1000;

/**
 * The transaction's lines; none when nothing is to do. Elements that the kernel keeps (session affinity) survive, even when only
 * names are known. A collection or base chain that changed its shape under its name fails to apply: the caller starts over.
 */
export function transition(table: string, present: Present, wanted: Ruleset): string[] {
  const changedChains = [...wanted.chains].filter(([name, chain]) => chainChanged(present, name, chain));
  const elements = [...wanted.collections].flatMap(([name, one]) => elementLines(table, present, name, one));
  const goneChains = presentChains(present).filter((name) => !wanted.chains.has(name));
  const goneCollections = presentCollections(present).filter(({ name }) => !wanted.collections.has(name));
  const newCollections = [...wanted.collections].filter(([name]) => !hasCollection(present, name));
  const lines = [
    ...newCollections.map(([name, one]) => `add ${one.kind} ip ${table} ${name} { ${collectionHeader(one)}}`),
    ...changedChains.map(([name, chain]) => `add chain ip ${table} ${name} ${braced(chainHeader(chain))}`.trimEnd()),
    ...[...changedChains.map(([name]) => name), ...goneChains].map((name) => `flush chain ip ${table} ${name}`),
    ...elements,
    ...changedChains.flatMap(([name, chain]) =>
      chain.rules.map((rule) => `add rule ip ${table} ${name} ${ruleText(rule)}`),
    ),
    ...goneCollections.filter(({ kind }) => kind === 'map').map(({ name }) => `flush map ip ${table} ${name}`),
    ...goneChains.map((name) => `delete chain ip ${table} ${name}`),
    ...goneCollections.map(({ name, kind }) => `delete ${kind} ip ${table} ${name}`),
  ];
  return lines.length === 0 ? [] : [`add table ip ${table}`, ...lines];
}

const braced = (header: string): string => (header === '' ? '' : `{ ${header}}`);

const presentChains = (present: Present): readonly string[] =>
  present.known === 'all' ? [...present.ruleset.chains.keys()] : present.chains;

const presentCollections = (present: Present): readonly FoundCollection[] =>
  present.known === 'all'
    ? [...present.ruleset.collections].map(([name, { kind }]) => ({ name, kind }))
    : present.collections;

const hasCollection = (present: Present, name: string): boolean =>
  present.known === 'all'
    ? present.ruleset.collections.has(name)
    : present.collections.some((found) => found.name === name);

function chainChanged(present: Present, name: string, chain: Chain): boolean {
  if (present.known === 'names') return true;
  const old = present.ruleset.chains.get(name);
  return old === undefined || (old !== chain && chainText(old) !== chainText(chain));
}

function elementLines(table: string, present: Present, name: string, wanted: Collection): string[] {
  if (wanted.dynamic) return [];
  const target = `ip ${table} ${name}`;
  if (present.known === 'names') {
    const flush = hasCollection(present, name) ? [`flush ${wanted.kind} ${target}`] : [];
    return [...flush, ...chunked(`add element ${target}`, [...wanted.elements].map(elementText))];
  }
  const old = present.ruleset.collections.get(name)?.elements ?? new Map<string, string>();
  const gone = [...old].filter(([key, value]) => wanted.elements.get(key) !== value).map(([key]) => key);
  const added = [...wanted.elements].filter(([key, value]) => old.get(key) !== value);
  return [...chunked(`delete element ${target}`, gone), ...chunked(`add element ${target}`, added.map(elementText))];
}

const elementText = ([key, value]: [string, string]): string => (value === '' ? key : `${key} : ${value}`);

function chunked(command: string, elements: readonly string[]): string[] {
  const lines: string[] = [];
  for (let at = 0; at < elements.length; at += elementsPerCommand) {
    lines.push(`${command} { ${elements.slice(at, at + elementsPerCommand).join(', ')} }`);
  }
  return lines;
}
