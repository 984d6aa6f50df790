/** `certificatesigningrequests/approval`: of the request only its conditions change; metadata may, as in Kubernetes. */
import { formatTime, type JsonObject } from '@skiff/api';
import { childObject, listAt, own, put, textAt } from '../../patch/values.ts';
import { putOrDelete } from '../meta.ts';
import type { View } from './table.ts';

export const approval: View = {
  type: 'view',
  prepare(_kind, object, old, { nowMs }) {
    const conditions = listAt(object, 'status', 'conditions');
    for (const key of ['spec', 'status']) putOrDelete(object, key, own(old, key));
    put(childObject(object, 'status'), 'conditions', [...conditions]);
    stampConditions(object, nowMs);
  },
};

/** Gives conditions the times that their senders left out. */
export function stampConditions(object: JsonObject, nowMs: number): void {
  const conditions = listAt(object, 'status', 'conditions');
  if (conditions.length === 0) return;
  const time = formatTime(nowMs);
  const stamped = conditions.map((condition) => {
    const fields = condition as JsonObject;
    return {
      ...fields,
      lastUpdateTime: textAt(fields, 'lastUpdateTime') || time,
      lastTransitionTime: textAt(fields, 'lastTransitionTime') || time,
    };
  });
  put(childObject(object, 'status'), 'conditions', stamped);
}
