/** Conditions: one entry a type, whose lastTransitionTime moves only when its status does (API conventions). */
import { formatTime } from './time.ts';

/** What every condition of every kind has. */
export interface ConditionLike {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

/** The condition of that type. Undefined when there is none. */
export function findCondition<C extends { type: string }>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** True when the condition of that type has status True. */
export function isConditionTrue(
  conditions: readonly { type: string; status: string }[] | undefined,
  type: string,
): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/**
 * A new list with `condition` in the place of the one of its type, or at the end. Fields of the old one that the new one
 * does not name stay. `lastTransitionTime` becomes `nowMs` when the status changes, and else stays.
 */
export function setCondition<C extends ConditionLike>(
  conditions: readonly C[] | undefined,
  condition: NoInfer<Omit<C, 'lastTransitionTime'> & { lastTransitionTime?: string }>,
  nowMs: number,
): C[] {
  const list = [...(conditions ?? [])];
  const index = list.findIndex((one) => one.type === condition.type);
  const old = list[index];
  const isSame = old !== undefined && old.status === condition.status && old.lastTransitionTime !== undefined;
  const lastTransitionTime = isSame ? old.lastTransitionTime : formatTime(nowMs);
  const next = { ...old, ...condition, lastTransitionTime } as C;
  if (old === undefined) list.push(next);
  else list[index] = next;
  return list;
}

/** A new list without the condition of that type. */
export function removeCondition<C extends { type: string }>(conditions: readonly C[] | undefined, type: string): C[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}
