/** What the Job controller asks about pods. Pure. */
import { type Job, type Pod, parseTime } from '@skiff/api';
import { isPodFinished } from '../runtime/pods.ts';

/** Keeps a finished pod until it is counted. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
export const indexAnnotation = 'batch.kubernetes.io/job-completion-index';
export const indexFailureAnnotation = 'batch.kubernetes.io/job-index-failure-count';

export const isIndexed = ({ spec }: Job): boolean => spec.completionMode === 'Indexed';

export const isTracked = (pod: Pod): boolean => (pod.metadata.finalizers ?? []).includes(trackingFinalizer);

/** A pod that ends for whatever reason is replaced only once it has ended. */
export const replacesFailedOnly = ({ spec }: Job): boolean =>
  spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined;

export const isTerminating = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined && !isPodFinished(pod);

export const hasFailed = (job: Job, pod: Pod): boolean =>
  pod.status?.phase === 'Failed' || (isTerminating(pod) && !replacesFailedOnly(job));

/** The completion index a pod works on; undefined when it has none that the job knows. */
export function indexOf(job: Job, pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[indexAnnotation] ?? '';
  return /^\d{1,9}$/.test(text) && Number(text) < (job.spec.completions ?? 0) ? Number(text) : undefined;
}

/** How often the pod's index had failed before it. */
export function failuresBefore(pod: Pod): number {
  const text = pod.metadata.annotations?.[indexFailureAnnotation] ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

/** When the last of the pod's containers ended; else the best guess there is. */
export function finishedMs(pod: Pod): number {
  const ends = (pod.status?.containerStatuses ?? [])
    .map((status) => parseTime(status.state?.terminated?.finishedAt ?? ''))
    .filter((time) => time !== undefined);
  if (ends.length > 0) return Math.max(...ends);
  const unready = pod.status?.conditions?.find((one) => one.type === 'Ready')?.lastTransitionTime;
  return (
    parseTime(unready ?? '') ??
    parseTime(pod.metadata.deletionTimestamp ?? '') ??
    parseTime(pod.metadata.creationTimestamp) ??
    0
  );
}

const firstBackoffMs = 10_000;
const maxBackoffMs = 10 * 60_000;

/** Until when no new pod is made: 10 s after a failure, twice as long after each that follows without a success between. */
export function backoffUntilMs(pods: readonly Pod[]): number {
  const ends = (phase: string): number[] => pods.filter((pod) => pod.status?.phase === phase).map(finishedMs);
  const lastSuccess = Math.max(0, ...ends('Succeeded'));
  const failures = ends('Failed').filter((time) => time > lastSuccess);
  if (failures.length === 0) return 0;
  return Math.max(...failures) + Math.min(firstBackoffMs * 2 ** Math.min(failures.length - 1, 20), maxBackoffMs);
}
