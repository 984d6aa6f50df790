/** What a run of probe outcomes means: thresholds in both directions (kubelet's prober/worker.go). Pure. */

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

/** `unknown`: the probe itself could not be made; it counts for nothing. */
export type Outcome = 'success' | 'failure' | 'unknown';

export interface ProbeState {
  /** What holds now. */
  readonly result: 'success' | 'failure' | 'undecided';
  /** The last outcome, and how often it came in a row. */
  readonly last: 'success' | 'failure' | undefined;
  readonly run: number;
}

export interface Thresholds {
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

/** Alive until shown dead, not ready until shown ready, not started until shown started. */
export const initialState = (kind: ProbeKind): ProbeState => ({
  result: kind === 'liveness' ? 'success' : kind === 'readiness' ? 'failure' : 'undecided',
  last: undefined,
  run: 0,
});

export function nextState(state: ProbeState, outcome: Outcome, thresholds: Thresholds): ProbeState {
  if (outcome === 'unknown') return state;
  const run = state.last === outcome ? state.run + 1 : 1;
  const needed = outcome === 'success' ? thresholds.successThreshold : thresholds.failureThreshold;
  return { result: run >= needed ? outcome : state.result, last: outcome, run };
}
