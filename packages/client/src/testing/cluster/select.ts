/** Label and field selectors of lists and watches. A field's text is read from the document itself, '' when it has none. */
import { matchesFields, matchesLabels, parseFieldSelector, parseSelector } from '@skiff/api';
import { type Document, isObject, own, toJson } from './document.ts';

export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Throws BadRequest for a selector that cannot be read. */
export function toPredicate({ namespace = '', labelSelector = '', fieldSelector = '' }: Selection) {
  const labels = parseSelector(labelSelector);
  const fields = parseFieldSelector(fieldSelector);
  return (document: Document): boolean =>
    (namespace === '' || document.metadata.namespace === namespace) &&
    matchesLabels(labels, document.metadata.labels) &&
    matchesFields(fields, (path) => textOf(document, path));
}

function textOf(document: Document, path: string): string {
  let value: unknown = toJson(document);
  for (const part of path.split('.')) value = isObject(value) ? own(value, part) : undefined;
  return value === undefined || value === null ? '' : String(value);
}
