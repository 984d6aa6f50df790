/** Which container a stream is for, and whether it can have one now. Rules and texts are Kubernetes' (registry/core/pod/strategy and the kubelet's). */
import { type ApiError, badRequest, type FieldError, field, invalid, type JsonObject } from '@skiff/api';

/** What these rules read of a pod. A stored pod has passed its schema, but nothing here trusts that. */
export interface PodFacts {
  readonly name: string;
  readonly uid: string;
  readonly nodeName: string;
  readonly phase: string;
  readonly containers: readonly string[];
  readonly initContainers: readonly string[];
  readonly ephemeralContainers: readonly string[];
  readonly statuses: ReadonlyMap<string, ContainerState>;
}

export interface ContainerState {
  readonly running: boolean;
  readonly terminated: boolean;
  readonly lastTerminated: boolean;
  /** The reason it waits for, when it waits. */
  readonly waiting: string | undefined;
}

type Value = JsonObject[string] | undefined;

const objectOf = (value: Value): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
const listOf = (value: Value): readonly JsonObject[] => (Array.isArray(value) ? value.map(objectOf) : []);
const textOf = (value: Value): string => (typeof value === 'string' ? value : '');

function stateOf(status: JsonObject): ContainerState {
  const state = objectOf(status.state);
  return {
    running: state.running !== undefined,
    terminated: state.terminated !== undefined,
    lastTerminated: objectOf(status.lastState).terminated !== undefined,
    waiting: state.waiting === undefined ? undefined : textOf(objectOf(state.waiting).reason),
  };
}

export function podFacts(pod: JsonObject): PodFacts {
  const [metadata, spec, status] = [objectOf(pod.metadata), objectOf(pod.spec), objectOf(pod.status)];
  const names = (value: Value): string[] => listOf(value).map((one) => textOf(one.name));
  const statuses = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'].flatMap((key) =>
    listOf(status[key]).map((one) => [textOf(one.name), stateOf(one)] as const),
  );
  return {
    name: textOf(metadata.name),
    uid: textOf(metadata.uid),
    nodeName: textOf(spec.nodeName),
    phase: textOf(status.phase),
    containers: names(spec.containers),
    initContainers: names(spec.initContainers),
    ephemeralContainers: names(spec.ephemeralContainers),
    statuses: new Map(statuses),
  };
}

/** The container asked for, or the only one. Throws ApiError BadRequest. */
export function chooseContainer(pod: PodFacts, asked: string): string {
  const all = [...pod.containers, ...pod.initContainers, ...pod.ephemeralContainers];
  if (asked !== '') {
    if (!all.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${pod.name}`);
    return asked;
  }
  const [only] = pod.containers;
  if (only !== undefined && pod.containers.length === 1) return only;
  if (only === undefined) throw badRequest(`a container name must be specified for pod ${pod.name}`);
  const inits =
    pod.initContainers.length === 0 ? '' : ` or one of the init containers: [${pod.initContainers.join(' ')}]`;
  throw badRequest(
    `a container name must be specified for pod ${pod.name}, choose one of: [${pod.containers.join(' ')}]${inits}`,
  );
}

/** Throws ApiError BadRequest when no node has the pod. */
export function requireNode(pod: PodFacts): string {
  if (pod.nodeName === '') throw badRequest(`pod ${pod.name} does not have a host assigned`);
  return pod.nodeName;
}

/** Throws ApiError BadRequest when the container never ran, or, for `previous`, never ended. */
export function requireLogs(pod: PodFacts, container: string, previous: boolean): void {
  const state = pod.statuses.get(container);
  const which = `container ${JSON.stringify(container)} in pod ${JSON.stringify(pod.name)}`;
  if (previous) {
    if (state?.lastTerminated !== true) throw badRequest(`previous terminated ${which} not found`);
    return;
  }
  if (state === undefined) throw badRequest(`${which} is not available`);
  if (state.running || state.terminated || state.lastTerminated) return;
  if (state.waiting === undefined) throw badRequest(`${which} is waiting to start - no logs yet`);
  throw badRequest(`${which} is waiting to start: ${waitText(state.waiting)}`);
}

const waitText = (reason: string): string =>
  reason === 'ErrImagePull'
    ? "image can't be pulled"
    : reason === 'ImagePullBackOff'
      ? 'trying and failing to pull image'
      : reason;

/** Throws ApiError BadRequest for a pod that has ended: nothing runs in it any more. */
export function requireLive(pod: PodFacts): void {
  if (pod.phase === 'Succeeded' || pod.phase === 'Failed')
    throw badRequest(`cannot exec into a container in a completed pod; current phase is ${pod.phase}`);
}

/** What a log request may carry, before it is known to be sound. */
export interface LogOptions {
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly tailLines: number | undefined;
  readonly sinceSeconds: number | undefined;
  readonly sinceTime: string;
  readonly timestamps: boolean;
  readonly limitBytes: number | undefined;
}

/** Rules of ValidatePodLogOptions. */
export function logOptionsFault(options: LogOptions, podName: string): ApiError | undefined {
  const faults: FieldError[] = [];
  const { tailLines, limitBytes, sinceSeconds, sinceTime } = options;
  if (tailLines !== undefined && tailLines < 0)
    faults.push(field.invalid('tailLines', tailLines, 'must be greater than or equal to 0'));
  if (limitBytes !== undefined && limitBytes < 1)
    faults.push(field.invalid('limitBytes', limitBytes, 'must be greater than 0'));
  if (sinceSeconds !== undefined && sinceTime !== '')
    faults.push(field.forbidden('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  else if (sinceSeconds !== undefined && sinceSeconds < 1)
    faults.push(field.invalid('sinceSeconds', sinceSeconds, 'must be greater than 0'));
  if (sinceTime !== '' && !(isRfc3339(sinceTime) && Number.isFinite(Date.parse(sinceTime))))
    faults.push(field.invalid('sinceTime', sinceTime, 'must be a time in RFC 3339 form'));
  return faults.length === 0 ? undefined : invalid({ group: '', kind: 'PodLogOptions' }, podName, faults);
}

const isRfc3339 = (text: string): boolean =>
  text.length <= 40 && /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text);

/** Which of a command's streams a caller wants. */
export interface ExecStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** Throws ApiError BadRequest. A terminal has one output: with `tty`, stderr is part of stdout. */
export function checkStreams(streams: ExecStreams): ExecStreams {
  if (!streams.stdin && !streams.stdout && !streams.stderr)
    throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
  return streams.tty ? { ...streams, stderr: false } : streams;
}
