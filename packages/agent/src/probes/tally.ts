/** How often each probe ended how, for as long as its pod is here. */
import type { Pod } from '@skiff/api';
import type { Outcome, ProbeKind } from './machine.ts';

export interface ProbeCount {
  readonly pod: Pod;
  readonly container: string;
  readonly kind: ProbeKind;
  readonly outcome: Outcome;
  readonly count: number;
}

export interface ProbeTally {
  add(pod: Pod, container: string, kind: ProbeKind, outcome: Outcome): void;
  forget(podUid: string): void;
  counts(): readonly ProbeCount[];
}

export function createProbeTally(): ProbeTally {
  const byPod = new Map<string, Map<string, ProbeCount>>();
  return {
    add(pod, container, kind, outcome) {
      const { uid } = pod.metadata;
      const own = byPod.get(uid) ?? new Map<string, ProbeCount>();
      byPod.set(uid, own);
      const key = `${container} ${kind} ${outcome}`;
      own.set(key, { pod, container, kind, outcome, count: (own.get(key)?.count ?? 0) + 1 });
    },
    forget: (podUid) => void byPod.delete(podUid),
    counts: () => [...byPod.values()].flatMap((own) => [...own.values()]),
  };
}
