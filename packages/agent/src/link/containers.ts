/** Which of a pod's containers a stream is for. Pure; the texts are the kubelet's. */
import { ApiError, badRequest, type Pod } from '@skiff/api';
import { type ContainerSummary, isRuntimeError } from '../runtime/contract.ts';

/** Runs of the container of this name that were started, newest first. */
function startedRuns(all: readonly ContainerSummary[], name: string): readonly ContainerSummary[] {
  return all
    .filter((one) => one.role === 'container' && one.name === name && one.state !== 'created')
    .sort((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt);
}

/** The running one, as `open` takes it. Throws ApiError NotFound when none runs, or when it ends before it is taken. */
export async function inRunning<T>(
  all: readonly ContainerSummary[],
  name: string,
  type: 'exec' | 'attach',
  open: (id: string) => Promise<T>,
): Promise<T> {
  const [newest] = startedRuns(all, name);
  if (newest?.state !== 'running') throw notFound(all, name, type);
  try {
    return await open(newest.id);
  } catch (error) {
    if (isRuntimeError(error, 'notRunning', 'notFound')) throw notFound(all, name, type);
    throw error;
  }
}

function notFound([first]: readonly ContainerSummary[], name: string, type: 'exec' | 'attach'): ApiError {
  const pod = type === 'attach' ? first?.pod : undefined;
  return new ApiError(
    'NotFound',
    pod === undefined
      ? `container not found (${JSON.stringify(name)})`
      : `container ${name} not found in pod ${pod.name}_${pod.namespace}`,
  );
}

export interface LogChoice {
  readonly name: string;
  readonly previous: boolean;
  /** The container waits for its next run, in back-off for example: its newest run is then its previous one. */
  readonly waiting: boolean;
}

/** The run whose log is meant. Throws ApiError BadRequest when there is none. */
export function loggedContainer(all: readonly ContainerSummary[], choice: LogChoice): ContainerSummary {
  const { name, previous, waiting } = choice;
  const [newest, before] = startedRuns(all, name);
  const found = previous && !(waiting && newest?.state === 'exited') ? before : newest;
  if (found !== undefined) return found;
  const which = `container ${JSON.stringify(name)} in pod ${JSON.stringify(all[0]?.pod.name ?? '')}`;
  throw badRequest(previous ? `previous terminated ${which} not found` : `${which} is not available`);
}

/** True when the pod's status says that this container waits. */
export function isWaiting(pod: Pod | undefined, name: string): boolean {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod?.status ?? {};
  const status = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(
    (one) => one.name === name,
  );
  return status?.state?.waiting !== undefined;
}

/** The pod's running sandbox. Throws ApiError NotFound. */
export function runningSandbox(all: readonly ContainerSummary[], podUid: string): ContainerSummary {
  const [found] = all
    .filter((one) => one.role === 'sandbox' && one.state === 'running')
    .sort((a, b) => b.attempt - a.attempt);
  if (found === undefined) throw new ApiError('NotFound', `pod ${podUid} does not run on this node`);
  return found;
}
