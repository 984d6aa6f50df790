import { expect, test } from 'vitest';
import { type QosClass, qosClassOf } from './qos.ts';

const of = (...resources: object[]) => ({ spec: { containers: resources.map((one) => ({ resources: one })) } });
const full = { cpu: '1', memory: '1Gi' };

test.each([
  [of({}), 'BestEffort'],
  [of({ limits: full }), 'Guaranteed'],
  [of({ limits: full, requests: { cpu: '1000m', memory: '1024Mi' } }), 'Guaranteed'],
  [of({ limits: full, requests: { cpu: '500m', memory: '1Gi' } }), 'Burstable'],
  [of({ limits: full }, {}), 'Burstable'],
  [of({ limits: { cpu: '1' } }), 'Burstable'],
  [of({ requests: { 'example.com/gpu': '1' } }), 'BestEffort'],
  [of({ requests: { cpu: '0' } }), 'BestEffort'],
  [{ spec: { containers: [], initContainers: [{ resources: { requests: { cpu: '1' } } }] } }, 'Burstable'],
] satisfies [Parameters<typeof qosClassOf>[0], QosClass][])('case %#', (pod, expected) => {
  expect(qosClassOf(pod)).toBe(expected);
});
