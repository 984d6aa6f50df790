/** The server's own numbers, under Kubernetes' names so that its dashboards work. Labels are bounded: nothing of a client's choosing becomes one. */
import { Counter, Gauge, Histogram, Registry as PromRegistry } from 'prom-client';
import type { FlowControl, LevelInfo } from '../chain/flow/flow-control.ts';
import { collectProcessMetrics } from './loop-metrics.ts';

export interface RequestLabels {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly scope: string;
}

export interface Metrics {
  /** One request ended. `seconds` is undefined for a long-running one, whose length is no latency. */
  observe(labels: RequestLabels, outcome: { readonly code: number; readonly seconds: number | undefined }): void;
  /** A watch or stream began; the answer ends it. */
  longRunning(labels: RequestLabels): () => void;
  /** The Prometheus text. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Read when the page is asked for. */
export interface Gauges {
  readonly flowControl: Pick<FlowControl, 'inFlight' | 'levels'>;
  readonly linkedNodes: () => number;
}

const buckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

const requestLabels = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'] as const;

const named = (labels: RequestLabels) => ({ ...labels, verb: labels.verb.toUpperCase(), component: 'apiserver' });

export function createMetrics(gauges: Gauges): Metrics {
  const registry = new PromRegistry();
  const registers = [registry];
  collectProcessMetrics(registry);
  const requests = new Counter({
    name: 'apiserver_request_total',
    help: 'Counter of apiserver requests broken out for each verb, group, version, resource, scope, component, and HTTP response code.',
    labelNames: [...requestLabels, 'code'],
    registers,
  });
  const durations = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Response latency distribution in seconds for each verb, group, version, resource, subresource, scope and component.',
    labelNames: requestLabels,
    buckets,
    registers,
  });
  const longRunning = new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component.',
    labelNames: requestLabels,
    registers,
  });
  new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Number of requests that are being handled now, by kind.',
    labelNames: ['request_kind'],
    registers,
    collect() {
      this.set({ request_kind: 'mutating' }, gauges.flowControl.inFlight('mutating'));
      this.set({ request_kind: 'readOnly' }, gauges.flowControl.inFlight('readOnly'));
    },
  });
  const ofLevels = (name: string, help: string, read: (level: LevelInfo) => number): void => {
    new Gauge({
      ...{ name, help, labelNames: ['priority_level'], registers },
      collect() {
        this.reset();
        for (const level of gauges.flowControl.levels()) this.set({ priority_level: level.name }, read(level));
      },
    });
  };
  const flow = 'apiserver_flowcontrol';
  ofLevels(`${flow}_nominal_limit_seats`, 'Seats of a priority level by its shares.', (level) => level.nominal);
  ofLevels(`${flow}_current_limit_seats`, 'Seats of a priority level now.', (level) => level.limit);
  ofLevels(`${flow}_current_executing_seats`, 'Seats of a priority level that are taken.', (level) => level.seatsInUse);
  ofLevels(`${flow}_current_inqueue_requests`, 'Requests that wait in a priority level.', (level) => level.waiting);
  new Gauge({
    name: 'skiff_linked_nodes',
    help: 'Nodes whose agent holds a link to this server.',
    registers,
    collect() {
      this.set(gauges.linkedNodes());
    },
  });
  return {
    observe(labels, { code, seconds }) {
      requests.inc({ ...named(labels), code: String(code) });
      if (seconds !== undefined) durations.observe(named(labels), seconds);
    },
    longRunning(labels) {
      const own = named(labels);
      longRunning.inc(own);
      return () => longRunning.dec(own);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
