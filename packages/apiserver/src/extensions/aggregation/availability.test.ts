import type { JsonObject } from '@skiff/api';
import { expect, test } from 'vitest';
import { serviceFault } from './availability.ts';

const entry = { spec: { group: 'far.io', version: 'v1', service: { namespace: 'ns', name: 'far', port: 443 } } };
const service = (spec: JsonObject): JsonObject => ({ spec: { ports: [{ name: 'https', port: 443 }], ...spec } });
const slice = (more: JsonObject = {}): JsonObject => ({
  ports: [{ name: 'https', port: 8443 }],
  endpoints: [{ addresses: ['10.0.0.1'] }],
  ...more,
});

test.each<[JsonObject | undefined, readonly JsonObject[], string, string]>([
  [undefined, [], 'ServiceNotFound', 'service/far in "ns" is not present'],
  [service({ ports: [{ port: 80 }] }), [], 'ServicePortError', 'service/far in "ns" is not listening on port 443'],
  [service({}), [], 'EndpointsNotFound', 'cannot find endpoints for service/far in "ns"'],
  [
    service({}),
    [slice({ endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: false } }] })],
    'MissingEndpoints',
    'endpoints for service/far in "ns" have no addresses with port name "https"',
  ],
  [
    service({}),
    [slice({ ports: [{ name: 'other', port: 8443 }] }), slice({ endpoints: [] })],
    'MissingEndpoints',
    'endpoints for service/far in "ns" have no addresses with port name "https"',
  ],
])('%j with %j: %s', (of, slices, reason, message) => {
  expect(serviceFault(entry, of, slices)).toEqual({ type: 'Available', status: 'False', reason, message });
});

test('a Service that answers, or that is elsewhere, says nothing against it', () => {
  expect(serviceFault(entry, service({}), [slice({ endpoints: [] }), slice()])).toBeUndefined();
  expect(serviceFault(entry, service({ type: 'ExternalName', ports: [] }), [])).toBeUndefined();
});
