/** What a Job's podFailurePolicy says about a failed pod (KEP-3329). Pure. */
import type { ContainerStatus, Job, Pod } from '@skiff/api';

export interface Verdict {
  readonly action: 'FailJob' | 'FailIndex' | 'Ignore' | 'Count';
  readonly message: string;
}

/** The first rule that matches; undefined when none does, which counts as a failure like any. */
export function judgeFailure(job: Job, pod: Pod): Verdict | undefined {
  const { namespace, name } = pod.metadata;
  for (const [index, rule] of (job.spec.podFailurePolicy?.rules ?? []).entries()) {
    const where = `matching ${rule.action} rule at index ${index}`;
    const container = rule.onExitCodes === undefined ? undefined : matchingContainer(pod, rule.onExitCodes);
    if (container !== undefined) {
      const code = container.state?.terminated?.exitCode;
      const message = `Container ${container.name} for pod ${namespace}/${name} failed with exit code ${code} ${where}`;
      return { action: rule.action, message };
    }
    const condition = rule.onPodConditions?.find(({ type, status }) =>
      pod.status?.conditions?.some((one) => one.type === type && one.status === status),
    );
    if (condition !== undefined)
      return { action: rule.action, message: `Pod ${namespace}/${name} has condition ${condition.type} ${where}` };
  }
  return undefined;
}

interface OnExitCodes {
  readonly containerName?: string;
  readonly operator: 'In' | 'NotIn';
  readonly values: readonly number[];
}

function matchingContainer(pod: Pod, { containerName, operator, values }: OnExitCodes): ContainerStatus | undefined {
  const all = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  return all.find(({ name, state }) => {
    const code = state?.terminated?.exitCode;
    if (code === undefined || code === 0 || (containerName !== undefined && containerName !== name)) return false;
    return values.includes(code) === (operator === 'In');
  });
}
