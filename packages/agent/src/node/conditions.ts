/** The conditions of a Node, in kubelet's words (kubelet/nodestatus/setters.go, v1.32). Pure. */
import { findCondition, formatTime, type NodeCondition, setCondition } from '@skiff/api';

/** How the host is, and what keeps it from running pods. */
export interface NodeHealth {
  /** Why the engine cannot be used; undefined when it answers. */
  readonly runtimeFault?: string | undefined;
  /** Why a pod would get no network; undefined when it would. */
  readonly networkFault?: string | undefined;
  readonly memoryPressure: boolean;
  readonly diskPressure: boolean;
  readonly pidPressure: boolean;
}

type Wanted = Pick<NodeCondition, 'type' | 'status'> & { readonly reason: string; readonly message: string };

/** What stands in the way of Ready, joined as kubelet joins errors; undefined when nothing does. */
export function notReadyMessage({ runtimeFault, networkFault }: NodeHealth): string | undefined {
  const faults = [
    ...(runtimeFault === undefined ? [] : [`container runtime is down: ${runtimeFault}`]),
    ...(networkFault === undefined
      ? []
      : [
          `container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:${networkFault}`,
        ]),
  ];
  if (faults.length === 0) return undefined;
  return faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`;
}

/** The agent's own conditions; those of others are left to them. Ready comes last, as kubelet has it. */
export function nodeConditions(
  health: NodeHealth,
  before: readonly NodeCondition[] | undefined,
  nowMs: number,
): NodeCondition[] {
  const lastHeartbeatTime = formatTime(nowMs);
  return wanted(health).flatMap((condition) => {
    const old = (before ?? []).filter(({ type }) => type === condition.type);
    return setCondition<NodeCondition>(old, { ...condition, lastHeartbeatTime }, nowMs);
  });
}

function wanted(health: NodeHealth): readonly Wanted[] {
  const { networkFault, memoryPressure, diskPressure, pidPressure } = health;
  const notReady = notReadyMessage(health);
  return [
    networkFault === undefined
      ? { type: 'NetworkUnavailable', status: 'False', reason: 'RouteCreated', message: 'the pod network is set up' }
      : { type: 'NetworkUnavailable', status: 'True', reason: 'NoRouteCreated', message: networkFault },
    memoryPressure
      ? pressed('MemoryPressure', 'KubeletHasInsufficientMemory', 'kubelet has insufficient memory available')
      : relieved('MemoryPressure', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    diskPressure
      ? pressed('DiskPressure', 'KubeletHasDiskPressure', 'kubelet has disk pressure')
      : relieved('DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    pidPressure
      ? pressed('PIDPressure', 'KubeletHasInsufficientPID', 'kubelet has insufficient PID available')
      : relieved('PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    notReady === undefined
      ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: notReady },
  ];
}

const tellings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  MemoryPressure: { True: 'NodeHasInsufficientMemory', False: 'NodeHasSufficientMemory' },
  DiskPressure: { True: 'NodeHasDiskPressure', False: 'NodeHasNoDiskPressure' },
  PIDPressure: { True: 'NodeHasInsufficientPID', False: 'NodeHasSufficientPID' },
};

/** What kubelet's events say of a new status: every pressure that is not what it was, and of Ready that it is lost. */
export function conditionNews(
  before: readonly NodeCondition[] | undefined,
  after: readonly NodeCondition[] | undefined,
): readonly string[] {
  return (after ?? []).flatMap(({ type, status }) => {
    const old = findCondition(before, type)?.status;
    if (old === status) return [];
    if (type === 'Ready') return old === 'True' ? ['NodeNotReady'] : [];
    const reason = tellings[type]?.[status];
    return reason === undefined ? [] : [reason];
  });
}

const pressed = (type: string, reason: string, message: string): Wanted => ({ type, status: 'True', reason, message });
const relieved = (type: string, reason: string, message: string): Wanted => ({
  type,
  status: 'False',
  reason,
  message,
});
