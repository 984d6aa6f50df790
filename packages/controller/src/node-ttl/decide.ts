/** How long the agents of a cluster of some size may go on with objects that they have read. Pure. kube-controller-manager's ttl controller. */

/** Seconds, from the smallest cluster up. Bounds overlap, so that a node more or less changes nothing back and forth. */
const steps = [
  { least: 0, most: 100, seconds: 0 },
  { least: 90, most: 500, seconds: 15 },
  { least: 450, most: 1000, seconds: 30 },
  { least: 900, most: 2000, seconds: 60 },
  { least: 1800, most: Number.POSITIVE_INFINITY, seconds: 300 },
] as const;

/** The step after `step` for a cluster of `nodes`: the same, while the cluster is within its bounds. */
export function nextStep(step: number, nodes: number): number {
  let next = step;
  while (nodes > (steps[next]?.most ?? nodes)) next += 1;
  while (nodes < (steps[next]?.least ?? nodes)) next -= 1;
  return next;
}

export const secondsOf = (step: number): number => steps[step]?.seconds ?? 0;
