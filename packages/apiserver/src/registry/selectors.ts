/** Label and field selectors of lists and watches, as filters over what the cache knows of a document. */
import {
  badRequest,
  type FieldSelector,
  formatSelector,
  type JsonObject,
  type LabelSelector,
  matchesFields,
  matchesLabels,
  parseFieldSelector,
  parseSelector,
  requiredValue,
  toSelector,
} from '@skiff/api';
import { isObject, objectAt, textAt } from '../patch/values.ts';
import type { StoredDocument } from '../storage/contract.ts';
import type { Facts, Filter, Paths } from '../watch/contract.ts';
import { factsOf as factsOfStored } from '../watch/document.ts';
import type { Target } from './contract.ts';
import type { Kind } from './definition-table.ts';

export interface Selection {
  /** For the watch cache. */
  readonly filter: Filter;
  /** The same for a document that was read from the store. */
  readonly matches: (facts: Facts) => boolean;
  /** What only the object as it is shown can tell: the fields of a kind that somebody else converts. Absent: nothing. */
  readonly shown?: (object: JsonObject) => boolean;
  /** No selector says anything: every document of the collection belongs to the list. */
  readonly everything: boolean;
}

/** Fields that a cache indexes, because thousands of watchers ask for one value each. */
const indexedFields = ['spec.nodeName'];

/** Reads the selectors of a request. Throws BadRequest for what cannot be read or is not supported. */
export function select(
  kind: Kind,
  target: Target,
  options: { readonly labelSelector: string; readonly fieldSelector: string },
): Selection {
  const labels = parseSelector(options.labelSelector);
  const all = readFields(kind, options.fieldSelector);
  const ofShown = kind.convert === undefined ? [] : all.filter(({ field }) => !field.startsWith('metadata.'));
  const fields = all.filter((each) => !ofShown.includes(each));
  const name = nameIn(target, all);
  const selectedNamespace = requiredValue(fields, 'metadata.namespace');
  const namespace = target.namespace !== '' ? target.namespace : (selectedNamespace ?? '');
  const everything = labels.requirements.length === 0 && fields.length === 0;
  const rest = (facts: Facts): boolean =>
    matchesLabels(labels, facts.labels) &&
    matchesFields(fields, (field) => (Object.hasOwn(facts.fields, field) ? (facts.fields[field] ?? '') : ''));
  const indexed = indexedFields
    .map((field) => ({ field, value: requiredValue(fields, field) ?? '' }))
    .find(({ value }) => value !== '');
  return {
    filter: {
      namespace,
      name,
      ...(everything ? {} : { matches: rest }),
      ...(indexed === undefined ? {} : { exactField: indexed }),
    },
    matches: (facts) =>
      (name === '' || facts.name === name) &&
      (namespace === '' || facts.namespace === namespace) &&
      (everything || rest(facts)),
    ...(ofShown.length === 0 ? {} : { shown: (object) => matchesShown(kind, ofShown, object) }),
    everything: everything && ofShown.length === 0 && name === '',
  };
}

function matchesShown({ strategy }: Kind, fields: FieldSelector, object: JsonObject): boolean {
  const values = strategy.selectableFields?.(object) ?? {};
  return matchesFields(fields, (field) => (Object.hasOwn(values, field) ? (values[field] ?? '') : ''));
}

/** A watch of one object names it in the path; a field selector may only repeat that name. */
function nameIn(target: Target, fields: FieldSelector): string {
  const selected = requiredValue(fields, 'metadata.name');
  if (target.name === '') return selected ?? '';
  if (fields.length > 0 && selected !== target.name) {
    throw badRequest("fieldSelector metadata.name doesn't match requested name");
  }
  return target.name;
}

function readFields(kind: Kind, text: string): FieldSelector {
  const selector = parseFieldSelector(text);
  const supported = new Set([
    'metadata.name',
    'metadata.namespace',
    ...Object.keys(kind.strategy.selectableFields?.({}) ?? {}),
  ]);
  return selector.map((requirement) => {
    const field = kind.fieldAliases?.get(requirement.field) ?? requirement.field;
    if (!supported.has(field)) throw badRequest(unsupportedField(kind, requirement.field));
    return { ...requirement, field };
  });
}

function unsupportedField(kind: Kind, field: string): string {
  // Kinds without fields of their own are refused in apimachinery's words, the others in their own conversion's.
  return kind.strategy.selectableFields === undefined && kind.custom !== true
    ? `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`
    : `field label not supported: ${field}`;
}

const noFields: Readonly<Record<string, string>> = {};

/** The fields that a stored document is selected by. */
export const describe = (
  kind: Kind | undefined,
  document: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> => (kind?.storedFields ?? kind?.strategy.selectableFields)?.(document) ?? noFields;

const noPaths: Paths = [];

/** All that `describe` looks at, or undefined when nobody has said what. */
export function fieldPathsOf(kind: Kind | undefined): Paths | undefined {
  const fields = kind?.storedFields ?? kind?.strategy.selectableFields;
  if (fields === undefined) return noPaths;
  return fields === kind?.strategy.selectableFields ? kind.strategy.selectablePaths : undefined;
}

/** What selecting needs to know of a stored document. */
export function factsOf(kind: Kind, document: StoredDocument): Facts {
  return factsOfStored(JSON.parse(document.text) as Record<string, unknown>, (object) => describe(kind, object));
}

/** The same of an object that is not stored: it has no fields but its names. */
export function factsOfObject(object: JsonObject): Facts {
  const [namespace, name] = [textAt(object, 'metadata', 'namespace'), textAt(object, 'metadata', 'name')];
  const fields = { 'metadata.name': name, 'metadata.namespace': namespace };
  return { namespace, name, labels: texts(objectAt(object, 'metadata', 'labels')), fields };
}

function texts(object: JsonObject | undefined): Record<string, string> {
  const result: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(object ?? {})) if (typeof value === 'string') result[key] = value;
  return result;
}

/** True when a LabelSelector object selects an object with these labels; an empty one selects all. */
export function selectsLabels(selector: JsonObject, labels: JsonObject): boolean {
  return matchesLabels(toSelector(asLabelSelector(selector)), texts(labels));
}

/** The text form of a LabelSelector object, sorted by key; '' when it is absent or empty. */
export function selectorText(selector: JsonObject | undefined): string {
  return selector === undefined ? '' : formatSelector(toSelector(asLabelSelector(selector)));
}

/** Stored selectors were validated against the schema: their members have the types the interface says. */
const asLabelSelector = (selector: JsonObject): LabelSelector => {
  const { matchLabels, matchExpressions } = selector;
  return {
    ...(isObject(matchLabels) ? { matchLabels: matchLabels as Record<string, string> } : {}),
    ...(Array.isArray(matchExpressions)
      ? { matchExpressions: matchExpressions as unknown as NonNullable<LabelSelector['matchExpressions']> }
      : {}),
  };
};
