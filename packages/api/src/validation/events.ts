/** Events of core/v1 and events.k8s.io/v1 (pkg/apis/core/validation/events.go). Field names are core's, but for who reports: so it is in Kubernetes. */
import { checkQualifiedName } from '../algebra/names.ts';
import { field } from '../errors.ts';
import type { Event, EventV1 } from '../kinds/types.ts';
import { addChanged, addEach, addMissing, bytesOf, type Faults, type Loose } from './support.ts';

/** What an event is about, by the names of both versions. */
interface Facts {
  readonly namespace: string;
  readonly aboutNamespace: string;
  readonly eventTime: string | undefined;
  readonly reportingController: string;
  /** What the version calls it. */
  readonly reporter: 'reportingComponent' | 'reportingController';
  readonly reportingInstance: string;
  readonly action: string;
  readonly reason: string;
  readonly message: string;
}

const mismatch = 'does not match event.namespace';

function addFacts(faults: Faults, facts: Facts): void {
  const { namespace, aboutNamespace } = facts;
  const refuse = (): void => void faults.push(field.invalid('involvedObject.namespace', aboutNamespace, mismatch));
  if (facts.eventTime === undefined) {
    // Events about things of the whole cluster stand in `default`.
    if (namespace !== (aboutNamespace === '' ? 'default' : aboutNamespace)) refuse();
    return;
  }
  if (aboutNamespace === '' && namespace !== 'default' && namespace !== 'kube-system') refuse();
  const { reportingController, reporter } = facts;
  addMissing(faults, reporter, reportingController);
  addEach(faults, reporter, reportingController, checkQualifiedName(reportingController));
  for (const name of ['reportingInstance', 'action', 'reason'] as const) {
    addMissing(faults, name, facts[name]);
    addLong(faults, name, facts[name], 128);
  }
  addLong(faults, 'message', facts.message, 1024);
}

function addLong(faults: Faults, path: string, text: string, most: number): void {
  if (bytesOf(text) > most) faults.push(field.invalid(path, '', `can have at most ${most} characters`));
}

export function addEvent(faults: Faults, event: Loose<Event>): void {
  addFacts(faults, {
    namespace: event.metadata?.namespace ?? '',
    aboutNamespace: event.involvedObject?.namespace ?? '',
    eventTime: event.eventTime,
    reportingController: event.reportingComponent ?? '',
    reporter: 'reportingComponent',
    reportingInstance: event.reportingInstance ?? '',
    action: event.action ?? '',
    reason: event.reason ?? '',
    message: event.message ?? '',
  });
}

export function addEventV1(faults: Faults, event: Loose<EventV1>): void {
  addFacts(faults, {
    namespace: event.metadata?.namespace ?? '',
    aboutNamespace: event.regarding?.namespace ?? '',
    eventTime: event.eventTime,
    reportingController: event.reportingController ?? '',
    reporter: 'reportingController',
    reportingInstance: event.reportingInstance ?? '',
    action: event.action ?? '',
    reason: event.reason ?? '',
    message: event.note ?? '',
  });
}

const unset = 'needs to be unset';

/** A new event of the newer version says all, and nothing in the old fields. */
export function addNewEventV1(faults: Faults, event: Loose<EventV1>): void {
  addEventV1(faults, event);
  addSeries(faults, event);
  if (event.eventTime === undefined) faults.push(field.required('eventTime'));
  const { type = '' } = event;
  if (type !== 'Normal' && type !== 'Warning') faults.push(field.invalid('type', '', `has invalid value: ${type}`));
  if (event.deprecatedFirstTimestamp !== undefined) faults.push(field.invalid('firstTimestamp', '', unset));
  if (event.deprecatedLastTimestamp !== undefined) faults.push(field.invalid('lastTimestamp', '', unset));
  if ((event.deprecatedCount ?? 0) !== 0) faults.push(field.invalid('count', '', unset));
  const { component = '', host = '' } = event.deprecatedSource ?? {};
  if (component !== '' || host !== '') faults.push(field.invalid('source', '', unset));
}

function addSeries(faults: Faults, { series }: Loose<EventV1>): void {
  if (series === undefined) return;
  if ((series.count ?? 0) < 2) faults.push(field.invalid('series.count', '', 'should be at least 2'));
  if (series.lastObservedTime === undefined) faults.push(field.required('series.lastObservedTime'));
}

/** By the names of core's fields, which the faults name. */
const fixedFields = [
  ['involvedObject', 'regarding'],
  ['reason', 'reason'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['type', 'type'],
  ['eventTime', 'eventTime'],
  ['action', 'action'],
  ['related', 'related'],
  ['reportingController', 'reportingController'],
  ['reportingInstance', 'reportingInstance'],
] as const;

/** Of an event of the newer version only the series goes on. */
export function addEventV1Update(faults: Faults, next: Loose<EventV1>, previous: Loose<EventV1>): void {
  if (JSON.stringify(next.series) !== JSON.stringify(previous.series)) addSeries(faults, next);
  for (const [path, name] of fixedFields) addChanged(faults, path, next[name], previous[name]);
}
