/**
 * How long a dead container waits: 10 s, doubling to 5 min, forgotten after 10 min of running (kubelet's
 * MaxContainerBackOff; the first restart is at once). The wait is a label on the container, so that it outlives the agent.
 */
import type { ContainerStatus } from '../runtime/contract.ts';
import { label, numberLabel } from '../runtime/labels.ts';

export const initialBackoffMs = 10_000;
export const maxBackoffMs = 300_000;
export const backoffResetMs = 600_000;

const ranLong = (dead: ContainerStatus): boolean =>
  dead.startedAt > 0 && dead.finishedAt - dead.startedAt > backoffResetMs;

/** The wait after this death, in milliseconds. */
export const restartDelayMs = (dead: ContainerStatus): number =>
  ranLong(dead) ? 0 : numberLabel(dead.labels, label.backoffMs, 0);

/** When the dead container may be followed by its next instance. */
export const restartAt = (dead: ContainerStatus): number => dead.finishedAt + restartDelayMs(dead);

/** The wait to write on the instance that follows `dead`; 0 for the first. */
export function nextBackoffMs(dead: ContainerStatus | undefined): number {
  if (dead === undefined) return 0;
  const last = numberLabel(dead.labels, label.backoffMs, 0);
  return last === 0 || ranLong(dead) ? initialBackoffMs : Math.min(last * 2, maxBackoffMs);
}

/** A setback's next wait: the same ladder, from its first step. */
export const nextSetbackMs = (lastMs: number | undefined): number =>
  lastMs === undefined ? initialBackoffMs : Math.min(lastMs * 2, maxBackoffMs);
