/** Should this pod run, or come to its end; and as what. Pure, and the one place that says so: actions and status follow it. */
import { parseTime } from '../time.ts';
import { isIn, isReplaced, liveSandbox, newestOf, type PodFacts, sandboxesOf } from './facts.ts';
import { appContainers, initContainers, isTerminal, restartPolicyOf } from './spec.ts';

export type Verdict =
  | { readonly type: 'run' }
  /**
   * All containers stop. `outcome` is absent when exit codes decide (a deleted pod, a pod that is complete).
   * `reason` and `message` go into the pod's status when set.
   */
  | {
      readonly type: 'end';
      readonly cause:
        | 'rejected'
        | 'evicted'
        | 'deleted'
        | 'deadline'
        | 'terminal'
        | 'complete'
        | 'initFailed'
        | 'sandboxLost';
      readonly outcome?: 'Failed' | 'Succeeded';
      readonly reason?: string;
      readonly message?: string;
    };

export function verdictOf(facts: PodFacts): Verdict {
  const { pod } = facts;
  if (facts.rejection !== undefined) {
    return { type: 'end', cause: 'rejected', outcome: 'Failed', ...facts.rejection };
  }
  if (isTerminal(pod)) {
    const { reason, message } = pod.status ?? {};
    const outcome = pod.status?.phase === 'Failed' ? 'Failed' : 'Succeeded';
    return {
      type: 'end',
      cause: 'terminal',
      outcome,
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
    };
  }
  if (facts.eviction !== undefined) {
    const { reason, message } = facts.eviction;
    return { type: 'end', cause: 'evicted', outcome: 'Failed', reason, message };
  }
  if (deadlineAt(facts) <= facts.now) {
    return {
      type: 'end',
      cause: 'deadline',
      outcome: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    };
  }
  if (facts.presence !== 'wanted') return { type: 'end', cause: 'deleted' };
  if (initFailed(facts)) return { type: 'end', cause: 'initFailed', outcome: 'Failed' };
  if (complete(facts)) return { type: 'end', cause: 'complete' };
  if (sandboxLost(facts)) {
    return {
      type: 'end',
      cause: 'sandboxLost',
      outcome: 'Failed',
      reason: 'SandboxLost',
      message: 'The pod sandbox died, and its restart policy is Never',
    };
  }
  return { type: 'run' };
}

/** When `activeDeadlineSeconds` ends the pod; Infinity without one or before it started. */
export function deadlineAt(facts: PodFacts): number {
  const seconds = facts.pod.spec.activeDeadlineSeconds;
  const start = parseTime(facts.pod.status?.startTime);
  return seconds === undefined || start === undefined ? Number.POSITIVE_INFINITY : start + seconds * 1000;
}

/** An init container failed and must not run again. */
function initFailed(facts: PodFacts): boolean {
  if (restartPolicyOf(facts.pod) !== 'Never') return false;
  return initContainers(facts.pod).some(({ kind, spec }) => {
    const newest = newestOf(facts, spec.name);
    return kind === 'init' && newest?.state === 'exited' && newest.exitCode !== 0 && !isReplaced(facts, newest);
  });
}

/** Every app container has ended and none may run again. */
function complete(facts: PodFacts): boolean {
  const policy = restartPolicyOf(facts.pod);
  if (policy === 'Always') return false;
  return appContainers(facts.pod).every(({ spec }) => {
    const newest = newestOf(facts, spec.name);
    if (newest?.state !== 'exited' || isReplaced(facts, newest)) return false;
    return policy === 'Never' || newest.exitCode === 0;
  });
}

/** The sandbox died under a pod that may not restart, after app containers were started in it. */
function sandboxLost(facts: PodFacts): boolean {
  if (restartPolicyOf(facts.pod) !== 'Never' || sandboxesOf(facts).length === 0) return false;
  const sandbox = liveSandbox(facts);
  return appContainers(facts.pod).some(({ spec }) => {
    const newest = newestOf(facts, spec.name);
    return newest !== undefined && newest.state !== 'created' && (sandbox === undefined || !isIn(newest, sandbox));
  });
}
