import { describe, expect, test } from 'vitest';
import { container, podWith } from '../pods/testing/facts.ts';
import { isLimited, limitFault } from './limits.ts';

const limited = (limit: string, name = 'app') =>
  container(name, { resources: { limits: { 'ephemeral-storage': limit } } });
const scratch = (sizeLimit?: string, medium?: 'Memory') => ({
  name: 'scratch',
  emptyDir: { ...(sizeLimit === undefined ? {} : { sizeLimit }), ...(medium === undefined ? {} : { medium }) },
});
const mib = 1024 ** 2;
const faultOf = (pod: ReturnType<typeof podWith>, disk: Record<string, number>, volumeBytes = 0): string | undefined =>
  limitFault(
    {
      pod,
      volumeBytes,
      containers: Object.entries(disk).map(([name, diskBytes]) => ({ name, diskBytes, memoryBytes: 0, pids: 0 })),
    },
    new Map([['scratch', volumeBytes]]),
  );

describe('a pod that is held to a limit', () => {
  test.each([
    ['an emptyDir with a size', podWith({ volumes: [scratch('1Mi')] }), true],
    ['an emptyDir without', podWith({ volumes: [scratch()] }), false],
    ['an emptyDir in memory: its file system is that large', podWith({ volumes: [scratch('1Mi', 'Memory')] }), false],
    ['a container with a limit of ephemeral storage', podWith({ containers: [limited('1Mi')] }), true],
    ['none of these', podWith({}), false],
  ])('%s', (_name, pod, expected) => {
    expect(isLimited(pod)).toBe(expected);
  });
});

describe('what is too much', () => {
  test('a volume', () => {
    const pod = podWith({ volumes: [scratch('1Mi')] });
    expect(faultOf(pod, { app: 0 }, mib)).toBeUndefined();
    expect(faultOf(pod, { app: 0 }, mib + 1)).toBe('Usage of EmptyDir volume "scratch" exceeds the limit "1Mi". ');
  });
  test('a container', () => {
    const pod = podWith({ containers: [limited('1Mi'), container('free')] });
    expect(faultOf(pod, { app: mib, free: 9 * mib })).toBeUndefined();
    expect(faultOf(pod, { app: mib + 1 })).toBe('Container app exceeded its local ephemeral storage limit "1Mi". ');
  });
  test('all of it together, volumes with it, when every container has a limit', () => {
    const pod = podWith({ containers: [limited('1Mi'), limited('1Mi', 'other')], volumes: [scratch()] });
    expect(faultOf(pod, { app: mib, other: mib })).toBeUndefined();
    expect(faultOf(pod, { app: mib, other: 0 }, mib + 1)).toBe(
      'Pod ephemeral local storage usage exceeds the total limit of containers 2097152. ',
    );
  });
});
