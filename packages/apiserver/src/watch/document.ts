/** From a stored text to what the cache keeps. The text is parsed here, once, and the parsed object let go. */
import type { StoredDocument } from '../storage/contract.ts';
import type { CachedDocument, Describe, Facts } from './contract.ts';
import { withResourceVersion } from './splice.ts';

/** Throws on a text that is no object with metadata. */
export function toCached(stored: StoredDocument, describe: Describe): CachedDocument {
  return withFacts(stored, factsOf(JSON.parse(stored.text) as Record<string, unknown>, describe));
}

/** What is kept of a document whose facts are known. */
export const withFacts = ({ key, version, text }: StoredDocument, facts: Facts): CachedDocument => ({
  key,
  version,
  facts,
  text: withResourceVersion(text, version),
});

/** The facts of an object; they share nothing with it. Throws when it has no name. */
export function factsOf(object: Readonly<Record<string, unknown>>, describe: Describe): Facts {
  const metadata = object.metadata as
    | { namespace?: string; name?: string; labels?: Record<string, string> }
    | undefined;
  if (typeof metadata?.name !== 'string') throw new SyntaxError('the document has no metadata.name');
  const { namespace = '', name, labels } = metadata;
  const fields = Object.assign(Object.create(null) as Record<string, string>, describe(object), {
    'metadata.name': name,
    'metadata.namespace': namespace,
  });
  return { namespace, name, labels: ownKeys(labels), fields };
}

/** A copy without a prototype: names come from users, and `constructor` is a name. */
function ownKeys(labels: Record<string, string> | undefined): Record<string, string> {
  const copy = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(labels ?? {})) copy[name] = value;
  return copy;
}
