/**
 * How long turns of the event loop take, under prom-client's names. Its own numbers come from a timer every 10 ms, which is most of what an
 * idle server does, and which adds those 10 ms to each; Node can look once a turn instead.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';

const lag = 'nodejs_eventloop_lag';
/** Counted by making a list of every connection: with thousands of nodes that is tens of milliseconds each time the page is read. */
const active = 'nodejs_active_';
/** Of those that prom-client makes and nobody reads. */
const seldomMs = 24 * 3600 * 1000;

/** The process's numbers: memory, CPU, open files, garbage collection, and the event loop's turns since the page was last read. */
export function collectProcessMetrics(register: Registry): void {
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: seldomMs });
  for (const { name } of register.getMetricsAsArray())
    if (name.startsWith(lag) || name.startsWith(active)) register.removeSingleMetric(name);
  const turns = monitorEventLoopDelay({ samplePerIteration: true });
  turns.enable();
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      ...{ name: `${lag}_${name}_seconds`, help, registers: [register] },
      collect() {
        this.set(turns.count === 0 ? 0 : read() / 1e9);
      },
    });
  };
  gauge('min', 'The shortest turn of the event loop.', () => turns.min);
  gauge('mean', 'The mean turn of the event loop.', () => turns.mean);
  gauge('stddev', 'The standard deviation of the turns of the event loop.', () => turns.stddev);
  for (const part of [50, 90, 99])
    gauge(`p${part}`, `What ${part} of a hundred turns of the event loop do not exceed.`, () => turns.percentile(part));
  // The last one read begins anew.
  gauge('max', 'The longest turn of the event loop.', () => {
    const { max } = turns;
    turns.reset();
    return max;
  });
}
