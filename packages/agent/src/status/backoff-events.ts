/** What the events of a pod say when one of its containers begins to wait for its next try. Pure. */
import type { ContainerStatus, Pod, PodStatus } from '@skiff/api';
import { findDeclared, podLabel } from '../pods/spec.ts';

export interface BackoffEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: 'BackOff' | 'Failed';
  readonly message: string;
  /** Its name. */
  readonly container: string;
}

/** Of each container that waits now and did not before. */
export function backoffEvents(pod: Pod, before: PodStatus | undefined, now: PodStatus): readonly BackoffEvent[] {
  const was = new Map(statusesOf(before).map((status) => [status.name, waitingReason(status)]));
  return statusesOf(now).flatMap((status): BackoffEvent[] => {
    const reason = waitingReason(status);
    if (reason === was.get(status.name)) return [];
    if (reason === 'CrashLoopBackOff') {
      const message = `Back-off restarting failed container ${status.name} in pod ${podLabel(pod)}`;
      return [{ type: 'Warning', reason: 'BackOff', message, container: status.name }];
    }
    if (reason !== 'ImagePullBackOff') return [];
    const image = findDeclared(pod, status.name)?.spec.image ?? '';
    return [
      { type: 'Normal', reason: 'BackOff', message: `Back-off pulling image "${image}"`, container: status.name },
      { type: 'Warning', reason: 'Failed', message: 'Error: ImagePullBackOff', container: status.name },
    ];
  });
}

const waitingReason = ({ state }: ContainerStatus): string | undefined => state?.waiting?.reason;

const statusesOf = (status: PodStatus | undefined): readonly ContainerStatus[] => [
  ...(status?.initContainerStatuses ?? []),
  ...(status?.containerStatuses ?? []),
];
