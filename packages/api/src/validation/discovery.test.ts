import { expect, test } from 'vitest';
import { faultsOf } from './testing.ts';

const slice = (type: string, endpoint: string): string =>
  `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a}, addressType: ${type}, endpoints: [{${endpoint}}]}`;
const zones = (count: number): string => Array.from({ length: count }, (_, index) => `{name: z${index}}`).join(', ');

test.each([
  [slice('FQDN', 'addresses: [a.b, "a.b."]'), []],
  [
    slice('FQDN', 'addresses: [a]'),
    ['endpoints[0].addresses[0]: Invalid value: "a": should be a domain with at least two segments separated by dots'],
  ],
  [slice('IPv4', `addresses: [10.0.0.1], hints: {forZones: [${zones(8)}]}`), []],
  [
    slice('IPv4', `addresses: [10.0.0.1], hints: {forZones: [${zones(9)}]}`),
    ['endpoints[0].hints.forZones: Too many: 9: must have at most 8 items'],
  ],
  [
    slice('IPv4', 'addresses: [10.0.0.1], hints: {forZones: [{name: a}, {name: a}]}'),
    ['endpoints[0].hints.forZones[1].name: Duplicate value: "a"'],
  ],
])('%s', (document, faults) => {
  expect(faultsOf(document)).toEqual(faults);
});
