import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { collectProcessMetrics } from './loop-metrics.ts';

test('turns of the event loop are told once each, in seconds', async () => {
  const registry = new Registry();
  collectProcessMetrics(registry);
  await new Promise((resolve) => setImmediate(resolve));
  const text = await registry.metrics();
  const values = [...text.matchAll(/^nodejs_eventloop_lag_(\w+)_seconds (\S+)$/gm)];
  expect(values.map(([, name]) => name).sort()).toEqual(['max', 'mean', 'min', 'p50', 'p90', 'p99', 'stddev']);
  for (const [, , value] of values) expect(Number(value)).toBeGreaterThanOrEqual(0);
  expect(text).toContain('process_resident_memory_bytes');
  expect(text).not.toContain('nodejs_active_');
});
