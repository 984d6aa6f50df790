/** From a stored text to what the cache keeps. The text is read here, once, and what was made of it let go. */
import type { StoredBytes } from '../storage/contract.ts';
import { type Arena, bytesAt, type Place, type Spliced, textAt, textOf } from './arena.ts';
import type { CachedDocument, Describe, Facts, Paths } from './contract.ts';
import type { Known } from './expected.ts';
import { pick, type Wanted, wanted } from './pick.ts';
import { withResourceVersion } from './splice.ts';

/** A document whose text is in an arena while it is on a shelf, and its own before and after. */
export class KeptDocument implements CachedDocument {
  readonly key: string;
  readonly version: bigint;
  readonly facts: Facts;
  #kept: string | Spliced | Place;

  constructor({ key, version, facts, text }: Omit<CachedDocument, 'text'> & { readonly text: string | Spliced }) {
    this.key = key;
    this.version = version;
    this.facts = facts;
    this.#kept = text;
  }

  /** Made anew each time while it is on a shelf. */
  get text(): string {
    if (typeof this.#kept === 'string') return this.#kept;
    return 'block' in this.#kept ? textAt(this.#kept) : textOf(this.#kept);
  }

  get bytes(): Buffer | undefined {
    return typeof this.#kept === 'object' && 'block' in this.#kept ? bytesAt(this.#kept) : undefined;
  }

  moveInto(arena: Arena): void {
    if (typeof this.#kept === 'string' || 'bytes' in this.#kept) this.#kept = arena.put(this.#kept) ?? this.text;
  }

  /** Who still holds it goes on reading it. */
  moveOut(arena: Arena): void {
    if (typeof this.#kept === 'string' || 'bytes' in this.#kept) return;
    const place = this.#kept;
    this.#kept = textAt(place);
    arena.giveBack(place);
  }
}

/** Throws on a text that is no object with metadata. */
export function toCached(stored: StoredBytes, describe: Describe): KeptDocument {
  const { key, bytes, version } = stored;
  const paths = describe.paths?.();
  if (paths === undefined) {
    const text = bytes.toString();
    const facts = factsOf(JSON.parse(text) as Record<string, unknown>, describe);
    return new KeptDocument({ key, version, facts, text: withResourceVersion(text, version) });
  }
  const { object, metadataAt } = pick(bytes, wantedBy(paths));
  return toKnown(stored, { facts: factsOf(object, describe), metadataAt });
}

/** What is kept of a document that need not be read. */
export function toKnown({ key, bytes, version }: StoredBytes, { facts, metadataAt }: Known): KeptDocument {
  // There is a name in the metadata: a comma is right.
  const text = { bytes, at: metadataAt, insertion: `"resourceVersion":"${version}",` };
  return new KeptDocument({ key, version, facts, text });
}

const named = [
  ['metadata', 'name'],
  ['metadata', 'namespace'],
  ['metadata', 'labels'],
];
const known = new WeakMap<Paths, Wanted>();

function wantedBy(paths: Paths): Wanted {
  const found = known.get(paths);
  if (found !== undefined) return found;
  const made = wanted([...named, ...paths]);
  known.set(paths, made);
  return made;
}

/** The facts of an object; they share nothing with it. Throws when it has no name. */
export function factsOf(object: Readonly<Record<string, unknown>>, describe: Describe): Facts {
  const metadata = object.metadata as
    | { namespace?: string; name?: string; labels?: Record<string, string> }
    | undefined;
  if (typeof metadata?.name !== 'string') throw new SyntaxError('the document has no metadata.name');
  const { namespace = '', name, labels = {} } = metadata;
  const fields = Object.assign(bare(), describe(object), { 'metadata.name': name, 'metadata.namespace': namespace });
  return { namespace, name, labels: sharedLabels(labels), fields };
}

/**
 * Names come from users, and `constructor` is a name: nothing is inherited. The empty prototype in between is for memory: an object without
 * any is a hash table of its own in V8, some 800 bytes for the fields of a pod, instead of 120.
 */
const empty: object = Object.freeze(Object.create(null));
const bare = (): Record<string, string> => Object.create(empty) as Record<string, string>;

/** Label sets seen lately, by their text: the pods of one template have the same, and share it. */
const labelSets = new Map<string, Readonly<Record<string, string>>>();
const maxLabelSets = 10_000;

function sharedLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const text = JSON.stringify(labels);
  const known = labelSets.get(text);
  if (known !== undefined) return known;
  const made = bare();
  for (const [name, value] of Object.entries(labels)) made[name] = value;
  if (labelSets.size >= maxLabelSets) labelSets.clear();
  labelSets.set(text, made);
  return made;
}
