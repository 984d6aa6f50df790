/** Rows of events, of core and of events.k8s.io: the newer group has other names for the same. */
import type { JsonObject } from '@skiff/api';
import { numberAt, objectAt, textAt } from '../../patch/values.ts';
import type { Column } from '../contract.ts';
import { nameColumn, since, text, wideText } from './columns.ts';

const either = (event: JsonObject, core: readonly string[], newer: readonly string[]): string =>
  textAt(event, ...core) || textAt(event, ...newer);

const firstSeen = (event: JsonObject, nowMs: number): string =>
  since(either(event, ['firstTimestamp'], ['deprecatedFirstTimestamp']) || textAt(event, 'eventTime'), nowMs);

function lastSeen(event: JsonObject, nowMs: number): string {
  if (objectAt(event, 'series') !== undefined) return since(textAt(event, 'series', 'lastObservedTime'), nowMs);
  const last = either(event, ['lastTimestamp'], ['deprecatedLastTimestamp']);
  return last === '' ? firstSeen(event, nowMs) : since(last, nowMs);
}

function involved(event: JsonObject): string {
  const object = objectAt(event, 'involvedObject') ?? objectAt(event, 'regarding') ?? {};
  const kind = textAt(object, 'kind').toLowerCase();
  const name = textAt(object, 'name');
  return name === '' ? kind : `${kind}/${name}`;
}

function sourceText(event: JsonObject): string {
  const component =
    either(event, ['source', 'component'], ['deprecatedSource', 'component']) ||
    either(event, ['reportingComponent'], ['reportingController']);
  const host = either(event, ['source', 'host'], ['deprecatedSource', 'host']) || textAt(event, 'reportingInstance');
  return host === '' ? component : `${component}, ${host}`;
}

const countOf = (event: JsonObject): number =>
  numberAt(event, 'series', 'count') || numberAt(event, 'count') || numberAt(event, 'deprecatedCount') || 1;

export const eventColumns: readonly Column[] = [
  text('Last Seen', 'When it was last seen.', lastSeen),
  text('Type', 'Normal or Warning.', (event) => textAt(event, 'type')),
  text('Reason', 'Why, for programs.', (event) => textAt(event, 'reason')),
  text('Object', 'What it is about.', involved),
  wideText('Subobject', 'The part it is about.', (event) =>
    either(event, ['involvedObject', 'fieldPath'], ['regarding', 'fieldPath']),
  ),
  wideText('Source', 'Who says so.', sourceText),
  text('Message', 'Why, for people.', (event) => either(event, ['message'], ['note']).trim()),
  wideText('First Seen', 'When it was first seen.', firstSeen),
  wideText('Count', 'How often it was seen.', countOf),
  { ...nameColumn, priority: 1 },
];
