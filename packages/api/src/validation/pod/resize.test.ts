import { expect, test } from 'vitest';
import { faultsOfChange, podText as pod } from '../testing.ts';

const sized = (resources: string, more = ''): string => pod(more, `resources: {${resources}}`);
const half = 'requests: {cpu: 500m, memory: 1Gi}, limits: {cpu: "1", memory: 2Gi}';

test('cpu and memory may change', () => {
  const bigger = 'requests: {cpu: 600m, memory: 1Gi}, limits: {cpu: "2", memory: 3Gi}';
  expect(faultsOfChange(sized(bigger), sized(half), 'resize')).toEqual([]);
});

test.each([
  [
    'requests: {cpu: 500m, memory: 1Gi}, limits: {cpu: "1"}',
    'spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed',
  ],
  [
    'requests: {cpu: 500m, memory: 1Gi}, limits: {cpu: "1", memory: 1Gi}',
    'spec.containers[0].resources.limits[memory]: Forbidden: memory limits cannot be decreased unless resizePolicy is RestartContainer',
  ],
  [
    'requests: {cpu: "1", memory: 2Gi}, limits: {cpu: "1", memory: 2Gi}',
    'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
  ],
  [
    'requests: {cpu: 500m, memory: 1Gi, ephemeral-storage: 1Gi}, limits: {cpu: "1", memory: 2Gi}',
    'spec: Forbidden: only cpu and memory resources are mutable',
  ],
  [
    'requests: {cpu: "3", memory: 1Gi}, limits: {cpu: "1", memory: 2Gi}',
    'spec.containers[0].resources.requests: Invalid value: "3": must be less than or equal to cpu limit of 1',
  ],
])('not to %s', (resources, fault) => {
  expect(faultsOfChange(sized(resources), sized(half), 'resize')).toEqual([fault]);
});

test('memory may be taken from a container that is restarted for it', () => {
  const policy = 'resizePolicy: [{resourceName: memory, restartPolicy: RestartContainer}]';
  const less = half.replace('2Gi', '1536Mi');
  const restarted = (resources: string): string => pod('', `${policy}, resources: {${resources}}`);
  expect(faultsOfChange(restarted(less), restarted(half), 'resize')).toEqual([]);
});

test('pods of the node itself stay as they are', () => {
  const mirrored = pod('nodeName: n1', '', 'annotations: {kubernetes.io/config.mirror: x}');
  expect(faultsOfChange(mirrored, mirrored, 'resize')).toEqual(['[]: Forbidden: static pods cannot be resized']);
});
