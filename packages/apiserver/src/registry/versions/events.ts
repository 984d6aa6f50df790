/** events.k8s.io/v1 and core/v1 are two shapes of one event; core's is stored. */
import type { Json, JsonObject } from '@skiff/api';
import { copy, own, put } from '../../patch/values.ts';
import { putOrDelete } from '../meta.ts';
import type { Converter } from '../versions.ts';

/** Core's name of each member, and the newer one's. */
const names: readonly (readonly [core: string, newer: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
];

const objectFields = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

/** Fields of the newer shape as the stored shape calls them. */
export const eventFieldAliases: ReadonlyMap<string, string> = new Map([
  ...objectFields.map((name): [string, string] => [`regarding.${name}`, `involvedObject.${name}`]),
  ['reportingController', 'reportingComponent'],
]);

function renamed(object: JsonObject, apiVersion: string, pairs: readonly (readonly [string, string])[]): JsonObject {
  const to = new Map(pairs);
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(object)) put(result, to.get(key) ?? key, copy(value as Json));
  put(result, 'apiVersion', apiVersion);
  return result;
}

export const eventConverter: Converter = {
  fromStored: (object) => renamed(object, 'events.k8s.io/v1', names),
  toStored(object) {
    const event = renamed(
      object,
      'v1',
      names.map(([core, newer]) => [newer, core] as const),
    );
    // Core demands both, the newer shape neither.
    if (own(event, 'involvedObject') === undefined) put(event, 'involvedObject', {});
    putOrDelete(event, 'source', own(event, 'source') ?? {});
    return event;
  },
};
