import type { Container, Node, Pod } from '@skiff/api';
import { describe, expect, test } from 'vitest';
import type { Pressure } from '../eviction/thresholds.ts';
import { admit, podRequest } from './admit.ts';
import { container, podWith, sidecar } from './testing/facts.ts';

const allocatable = { cpu: '4', memory: '8Gi', pods: '3' };
const asking = (cpu: string, part: Partial<Container> = {}): Container =>
  container('app', { resources: { requests: { cpu } }, ...part });
const node = (spec: Node['spec'] = {}): Pick<Node, 'metadata' | 'spec'> => ({
  metadata: { name: 'n1', uid: 'n', resourceVersion: '', creationTimestamp: '', labels: { disk: 'ssd', size: '10' } },
  spec,
});
const verdict = (pod: Pod, others: readonly Pod[] = [], on = node()) =>
  admit({ pod, others, node: on, allocatable, pressures: new Set() });

describe('room', () => {
  test('is counted in each resource, and in pods', () => {
    const three = podWith({ containers: [asking('3')] });
    expect(verdict(three)).toBeUndefined();
    expect(verdict(three, [three])).toEqual({
      reason: 'OutOfcpu',
      message: "Node didn't have enough resource: cpu, requested: 3000, used: 3000, capacity: 4000",
    });
    expect(verdict(podWith({}), [podWith({}), podWith({}), podWith({})])).toMatchObject({ reason: 'OutOfpods' });
    const gpu = container('app', { resources: { requests: { 'example.com/gpu': '1' } } });
    expect(verdict(podWith({ containers: [gpu] }))).toMatchObject({ reason: 'OutOfexample.com/gpu' });
  });
  test('exactly filled is enough', () => {
    expect(verdict(podWith({ containers: [asking('4')] }))).toBeUndefined();
  });
  test.each([
    ['apps add up', podWith({ containers: [asking('1'), asking('500m')] }), 1500],
    [
      'a larger init container counts alone',
      podWith({ initContainers: [asking('3')], containers: [asking('1')] }),
      3000,
    ],
    [
      'sidecars count with the apps',
      podWith({
        initContainers: [{ ...sidecar('s'), ...asking('1', { restartPolicy: 'Always' }) }],
        containers: [asking('1')],
      }),
      2000,
    ],
    [
      'an init container counts with the sidecars before it',
      podWith({ initContainers: [asking('1', { restartPolicy: 'Always' }), asking('2')], containers: [asking('1')] }),
      3000,
    ],
    ['overhead comes on top', podWith({ containers: [asking('1')], overhead: { cpu: '250m' } }), 1250],
  ] as const)('%s', (_name, pod, milliCpu) => {
    expect(podRequest(pod, 'cpu')).toBe(milliCpu);
  });
});

describe('host ports', () => {
  const on = (hostPort: number, hostIP?: string, protocol: 'TCP' | 'UDP' = 'TCP'): Pod => {
    const port = { containerPort: 80, hostPort, protocol, ...(hostIP === undefined ? {} : { hostIP }) };
    return podWith({ containers: [container('app', { ports: [port] })] });
  };
  test.each([
    [on(80), on(80), true],
    [on(80), on(81), false],
    [on(80), on(80, undefined, 'UDP'), false],
    [on(80, '10.0.0.1'), on(80, '10.0.0.2'), false],
    [on(80, '10.0.0.1'), on(80), true],
    [on(0), on(0), false],
  ])('case %#: clash is %4$s', (pod, other, clash) => {
    expect(verdict(pod, [other])?.reason).toBe(clash ? 'NodePorts' : undefined);
  });
});

describe('a node that lacks something', () => {
  const burstable = podWith({ containers: [asking('1')] });
  const tolerant = podWith({ tolerations: [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists' }] });
  const critical = podWith({ priority: 2_000_000_000 });
  const cases: readonly (readonly [string, Pod, readonly Pressure[], string | undefined])[] = [
    ['disk', burstable, ['DiskPressure'], 'The node had condition: [DiskPressure]. '],
    ['disk, a critical pod', critical, ['DiskPressure'], undefined],
    [
      'memory, a pod that asks for nothing',
      podWith({}),
      ['MemoryPressure'],
      'The node had condition: [MemoryPressure]. ',
    ],
    ['memory, a pod that tolerates it', tolerant, ['MemoryPressure'], undefined],
    ['memory, a pod that asks for its share', burstable, ['MemoryPressure'], undefined],
    [
      'memory and disk',
      burstable,
      ['MemoryPressure', 'DiskPressure'],
      'The node had condition: [MemoryPressure DiskPressure]. ',
    ],
  ];
  test.each(cases)('%s', (_name, pod, pressures, message) => {
    const found = admit({ pod, others: [], node: node(), allocatable, pressures: new Set(pressures) });
    expect(found?.message).toBe(message);
  });
});

describe('taints and selectors', () => {
  const tainted = node({ taints: [{ key: 'gone', value: 'x', effect: 'NoExecute' }] });
  test.each([
    [[], 'TaintToleration'],
    [[{ operator: 'Exists' as const }], undefined],
    [[{ key: 'gone', operator: 'Exists' as const }], undefined],
    [[{ key: 'gone', value: 'x' }], undefined],
    [[{ key: 'gone', value: 'y' }], 'TaintToleration'],
    [[{ key: 'gone', value: 'x', effect: 'NoSchedule' as const }], 'TaintToleration'],
  ])('tolerations %j on a NoExecute taint', (tolerations, reason) => {
    expect(verdict(podWith({ tolerations }), [], tainted)?.reason).toBe(reason);
  });
  test('NoSchedule is the scheduler’s, not ours', () => {
    expect(verdict(podWith({}), [], node({ taints: [{ key: 'x', effect: 'NoSchedule' }] }))).toBeUndefined();
  });
  const required = (...matchExpressions: object[]) => ({
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } },
  });
  test.each([
    [{ key: 'disk', operator: 'In', values: ['ssd'] }, true],
    [{ key: 'disk', operator: 'NotIn', values: ['ssd'] }, false],
    [{ key: 'none', operator: 'NotIn', values: ['x'] }, true],
    [{ key: 'none', operator: 'Exists' }, false],
    [{ key: 'none', operator: 'DoesNotExist' }, true],
    [{ key: 'size', operator: 'Gt', values: ['9'] }, true],
    [{ key: 'size', operator: 'Lt', values: ['10'] }, false],
    [{ key: 'disk', operator: 'Gt', values: ['1'] }, false],
    [{ key: 'constructor', operator: 'Exists' }, false],
  ])('affinity %j fits: %s', (expression, fits) => {
    expect(verdict(podWith({ affinity: required(expression) as never }))?.reason).toBe(
      fits ? undefined : 'NodeAffinity',
    );
  });
  test('nodeSelector must match whole', () => {
    expect(verdict(podWith({ nodeSelector: { disk: 'ssd' } }))).toBeUndefined();
    expect(verdict(podWith({ nodeSelector: { disk: 'ssd', zone: 'a' } }))?.reason).toBe('NodeAffinity');
  });
});
