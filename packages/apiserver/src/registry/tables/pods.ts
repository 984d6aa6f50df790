/** The row of a pod: what its containers add up to. */
import type { JsonObject } from '@skiff/api';
import { parseTime } from '@skiff/api';
import { listAt, numberAt, objectAt, objectsAt, own, textAt } from '../../patch/values.ts';
import type { Column } from '../contract.ts';
import { ageColumn, nameColumn, text, wideText } from './columns.ts';
import { humanDuration } from './duration.ts';

interface PodRow {
  readonly ready: number;
  readonly total: number;
  readonly reason: string;
  readonly restarts: number;
  /** When a container last ended, or undefined. */
  readonly lastRestartMs: number | undefined;
}

/** What `initRow` learned: whether initialising goes on, and what restartable init containers count for. */
interface InitRow {
  readonly initializing: boolean;
  readonly reason: string;
  readonly ready: number;
  readonly all: Restarts;
  readonly restartable: Restarts;
}

interface Restarts {
  readonly count: number;
  readonly lastMs: number | undefined;
}

const noRestarts: Restarts = { count: 0, lastMs: undefined };

function withStatus(restarts: Restarts, status: JsonObject): Restarts {
  const finished = parseTime(textAt(status, 'lastState', 'terminated', 'finishedAt'));
  const lastMs = finished === undefined || finished < (restarts.lastMs ?? -Infinity) ? restarts.lastMs : finished;
  return { count: restarts.count + (numberAt(status, 'restartCount') ?? 0), lastMs };
}

/** How a terminated container reads: its reason, its signal or its exit code. */
function terminatedText(terminated: JsonObject): string {
  const reason = textAt(terminated, 'reason');
  if (reason !== '') return reason;
  const signal = numberAt(terminated, 'signal') ?? 0;
  return signal === 0 ? `ExitCode:${numberAt(terminated, 'exitCode') ?? 0}` : `Signal:${signal}`;
}

const isTrue = (object: JsonObject, type: string): boolean =>
  objectsAt(object, 'status', 'conditions').some(
    (condition) => textAt(condition, 'type') === type && textAt(condition, 'status') === 'True',
  );

const restartableNames = (pod: JsonObject): ReadonlySet<string> =>
  new Set(
    objectsAt(pod, 'spec', 'initContainers')
      .filter((container) => textAt(container, 'restartPolicy') === 'Always')
      .map((container) => textAt(container, 'name')),
  );

function initRow(pod: JsonObject, reason: string): InitRow {
  const sidecars = restartableNames(pod);
  const declared = listAt(pod, 'spec', 'initContainers').length;
  let row: InitRow = { initializing: false, reason, ready: 0, all: noRestarts, restartable: noRestarts };
  for (const [index, status] of objectsAt(pod, 'status', 'initContainerStatuses').entries()) {
    const isSidecar = sidecars.has(textAt(status, 'name'));
    row = {
      ...row,
      all: withStatus(row.all, status),
      restartable: isSidecar ? withStatus(row.restartable, status) : row.restartable,
    };
    const terminated = objectAt(status, 'state', 'terminated');
    if (terminated !== undefined && (numberAt(terminated, 'exitCode') ?? 0) === 0) continue;
    if (isSidecar && own(status, 'started') === true) {
      row = { ...row, ready: row.ready + (own(status, 'ready') === true ? 1 : 0) };
      continue;
    }
    return { ...row, initializing: true, reason: initReason(status, index, declared) };
  }
  return row;
}

function initReason(status: JsonObject, index: number, declared: number): string {
  const terminated = objectAt(status, 'state', 'terminated');
  if (terminated !== undefined) return `Init:${terminatedText(terminated)}`;
  const waiting = textAt(status, 'state', 'waiting', 'reason');
  return waiting !== '' && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${index}/${declared}`;
}

/** How the main containers read, last first: the first container's word is the last one said. */
function mainRow(pod: JsonObject, init: InitRow): Omit<PodRow, 'total'> {
  let { reason } = init;
  let ready = init.ready;
  let restarts = init.restartable;
  let hasRunning = false;
  for (const status of [...objectsAt(pod, 'status', 'containerStatuses')].reverse()) {
    restarts = withStatus(restarts, status);
    const waiting = textAt(status, 'state', 'waiting', 'reason');
    const terminated = objectAt(status, 'state', 'terminated');
    if (waiting !== '') {
      reason = waiting;
    } else if (terminated !== undefined) {
      reason = terminatedText(terminated);
    } else if (own(status, 'ready') === true && objectAt(status, 'state', 'running') !== undefined) {
      hasRunning = true;
      ready += 1;
    }
  }
  if (reason === 'Completed' && hasRunning) reason = isTrue(pod, 'Ready') ? 'Running' : 'NotReady';
  return { reason, ready, restarts: restarts.count, lastRestartMs: restarts.lastMs };
}

/** The figures of a pod's row (kubectl's printPod). */
export function podRow(pod: JsonObject): PodRow {
  const phase = textAt(pod, 'status', 'phase');
  const gated = objectsAt(pod, 'status', 'conditions').some(
    (each) => textAt(each, 'type') === 'PodScheduled' && textAt(each, 'reason') === 'SchedulingGated',
  );
  const first = gated ? 'SchedulingGated' : textAt(pod, 'status', 'reason') || phase;
  const init = initRow(pod, first);
  const counted =
    !init.initializing || isTrue(pod, 'Initialized')
      ? mainRow(pod, init)
      : { reason: init.reason, ready: init.ready, restarts: init.all.count, lastRestartMs: init.all.lastMs };
  const total = listAt(pod, 'spec', 'containers').length + restartableNames(pod).size;
  return { ...counted, total, reason: endReason(pod, phase, counted.reason) };
}

function endReason(pod: JsonObject, phase: string, reason: string): string {
  if (textAt(pod, 'metadata', 'deletionTimestamp') === '') return reason;
  if (textAt(pod, 'status', 'reason') === 'NodeLost') return 'Unknown';
  return phase === 'Failed' || phase === 'Succeeded' ? reason : 'Terminating';
}

function restartsText(row: PodRow, nowMs: number): string {
  if (row.restarts === 0 || row.lastRestartMs === undefined) return String(row.restarts);
  return `${row.restarts} (${humanDuration(nowMs - row.lastRestartMs)} ago)`;
}

function gatesText(pod: JsonObject): string {
  const gates = objectsAt(pod, 'spec', 'readinessGates');
  if (gates.length === 0) return '<none>';
  const open = gates.filter((gate) => isTrue(pod, textAt(gate, 'conditionType')));
  return `${open.length}/${gates.length}`;
}

export const podColumns: readonly Column[] = [
  nameColumn,
  text('Ready', 'The aggregate readiness state of this pod for accepting traffic.', (pod) => {
    const row = podRow(pod);
    return `${row.ready}/${row.total}`;
  }),
  text('Status', 'The aggregate status of the containers in this pod.', (pod) => podRow(pod).reason),
  text(
    'Restarts',
    'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
    (pod, nowMs) => restartsText(podRow(pod), nowMs),
  ),
  ageColumn,
  wideText(
    'IP',
    'The address of the pod, routable within the cluster.',
    (pod) => textAt(objectsAt(pod, 'status', 'podIPs')[0], 'ip') || '<none>',
  ),
  wideText('Node', 'The node the pod was scheduled to.', (pod) => textAt(pod, 'spec', 'nodeName') || '<none>'),
  wideText(
    'Nominated Node',
    'The node on which other pods make room for this one.',
    (pod) => textAt(pod, 'status', 'nominatedNodeName') || '<none>',
  ),
  wideText('Readiness Gates', 'Conditions of others that the pod waits for, and how many are met.', gatesText),
];
