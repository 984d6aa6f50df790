/** The server's own numbers, under Kubernetes' names so that its dashboards work. Labels are bounded: nothing of a client's choosing becomes one. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry as PromRegistry } from 'prom-client';

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
  readonly inFlight: (lane: 'mutating' | 'readOnly') => number;
  readonly linkedNodes: () => number;
}

const buckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

const requestLabels = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'] as const;

const named = (labels: RequestLabels) => ({ ...labels, verb: labels.verb.toUpperCase(), component: 'apiserver' });

export function createMetrics(gauges: Gauges): Metrics {
  const registry = new PromRegistry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
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
      this.set({ request_kind: 'mutating' }, gauges.inFlight('mutating'));
      this.set({ request_kind: 'readOnly' }, gauges.inFlight('readOnly'));
    },
  });
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
