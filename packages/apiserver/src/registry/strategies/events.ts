/** Events: written often, by anyone, kept for a while; the garbage collector leaves them alone. */
import type { JsonObject } from '@skiff/api';
import { objectAt, textAt } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';

const objectFields = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

/** Facts are taken from stored events, which are core/v1. */
export const events: Strategy = {
  allowCreateOnUpdate: true,
  defaultPropagation: 'Unsupported',
  selectablePaths: [['involvedObject'], ['source', 'component'], ['reportingComponent'], ['reason'], ['type']],
  selectableFields(object) {
    const event = object as JsonObject;
    const involved = objectAt(event, 'involvedObject') ?? {};
    const fields: Record<string, string> = {};
    for (const name of objectFields) fields[`involvedObject.${name}`] = textAt(involved, name);
    const source = textAt(event, 'source', 'component') || textAt(event, 'reportingComponent');
    return {
      ...fields,
      reason: textAt(event, 'reason'),
      reportingComponent: textAt(event, 'reportingComponent'),
      source,
      type: textAt(event, 'type'),
    };
  },
};
