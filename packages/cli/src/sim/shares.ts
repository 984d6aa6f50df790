/** Which nodes each process simulates. Pure. */
import type { FleetConfig } from '@skiff/agent/sim';

/** A fleet as one process tells it to another. */
export type Fleet = Omit<FleetConfig, 'clock' | 'random' | 'logger' | 'onReady'>;

/** `processes` parts of nearly the same size that follow each other. */
export function shares(fleet: Fleet, processes: number): Fleet[] {
  const at = (part: number): number => Math.floor((fleet.count * part) / processes);
  return Array.from({ length: processes }, (_, part) => ({
    ...fleet,
    first: fleet.first + at(part),
    count: at(part + 1) - at(part),
  }));
}
