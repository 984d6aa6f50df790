import type { Container, Pod } from '@skiff/api';
import { describe, expect, test } from 'vitest';
import { toContainerSpec, toSandboxSpec } from './container-spec.ts';
import { oomScoreAdj } from './resources.ts';
import { container, podWith } from './testing/facts.ts';

const make = (part: Partial<Container>, spec: Partial<Pod['spec']> = {}, user = '', seccompText?: string) =>
  toContainerSpec({
    ...{ pod: podWith(spec), container: container('app', part), attempt: 2, sandboxId: 's', backoffMs: 20_000 },
    image: { id: 'sha256:1', tags: [], digests: [], sizeBytes: 1, user },
    environment: new Map([['A', 'one']]),
    ...{ mounts: [], devices: [], nodeMemoryBytes: 8 * 1024 ** 3 },
    ...(seccompText === undefined ? {} : { seccompText }),
  });

test('command and args are expanded, all else is passed on', () => {
  const spec = make({ command: ['run', '$(A)'], args: ['$(NONE)', '$$(A)'], workingDir: '/w', tty: true, stdin: true });
  expect(spec).toMatchObject({
    ...{
      command: ['run', 'one'],
      args: ['$(NONE)', '$(A)'],
      workingDir: '/w',
      tty: true,
      stdin: true,
      stdinOnce: false,
    },
    ...{ image: 'sha256:1', attempt: 2, env: [{ name: 'A', value: 'one' }], ipc: 'sandbox', pid: 'own' },
    labels: {
      'io.skiff.container.backoff-ms': '20000',
      'io.skiff.pod.grace-ms': '30000',
      'io.skiff.container.declared-image': 'busybox:1.36',
    },
  });
});

describe('namespaces', () => {
  test.each([
    [{}, 'own', 'sandbox'],
    [{ shareProcessNamespace: true }, 'sandbox', 'sandbox'],
    [{ hostPID: true, hostIPC: true }, 'host', 'host'],
  ] as const)('%j', (spec, pid, ipc) => {
    expect(make({}, spec)).toMatchObject({ pid, ipc });
  });
  test('of the sandbox', () => {
    const securityContext = { sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] };
    expect(toSandboxSpec(podWith({ securityContext }), 1)).toMatchObject({
      ...{ attempt: 1, hostname: 'web', network: 'own', ipc: 'own', pid: 'own' },
      sysctls: { 'kernel.shm_rmid_forced': '1' },
    });
    expect(toSandboxSpec(podWith({ hostNetwork: true, hostPID: true }), 0)).toMatchObject({
      network: 'host',
      pid: 'host',
    });
  });
});

describe('users', () => {
  test.each([
    [{}, {}, '', undefined],
    [{ runAsUser: 5 }, {}, '', '5'],
    [{}, { runAsUser: 5, runAsGroup: 6 }, '', '5:6'],
    [{ runAsUser: 7 }, { runAsUser: 5, runAsGroup: 6 }, '', '7:6'],
    [{ runAsGroup: 6 }, {}, 'nobody:nogroup', 'nobody:6'],
    [{ runAsGroup: 6 }, {}, '', '0:6'],
    [{ runAsUser: 0 }, {}, '1000', '0'],
  ])('container %j, pod %j, image %j: %j', (own, shared, image, user) => {
    expect(make({ securityContext: own }, { securityContext: shared }, image).security.user).toBe(user);
  });
  test('fsGroup is one of the groups', () => {
    const securityContext = { supplementalGroups: [1, 2], fsGroup: 3 };
    expect(make({}, { securityContext }).security.supplementalGroups).toEqual([1, 2, 3]);
  });
  test.each([
    [{ runAsUser: 0 }, '', "container's runAsUser breaks non-root policy"],
    [{}, '', 'container has runAsNonRoot and image will run as root'],
    [{}, '0', 'container has runAsNonRoot and image will run as root'],
    [
      {},
      'nobody',
      'container has runAsNonRoot and image has non-numeric user (nobody), cannot verify user is non-root',
    ],
  ])('runAsNonRoot with %j and image user %j is refused', (own, image, why) => {
    const attempt = () => make({ securityContext: { ...own, runAsNonRoot: true } }, {}, image);
    const message = `${why} (pod: "web_shop(u1)", container: app)`;
    expect(attempt).toThrow(expect.objectContaining({ reason: 'CreateContainerConfigError', message }));
  });
  test('runAsNonRoot with a numeric user is fine', () => {
    expect(make({ securityContext: { runAsNonRoot: true } }, {}, '1000').security.user).toBeUndefined();
    expect(make({ securityContext: { runAsNonRoot: false } }, { securityContext: { runAsNonRoot: true } }).name).toBe(
      'app',
    );
  });
});

test('confinement: seccomp is off without a profile, as kubelet has it', () => {
  const seccomp = (seccompProfile?: object, text?: string) =>
    make(
      { securityContext: seccompProfile === undefined ? {} : { seccompProfile: seccompProfile as never } },
      {},
      '',
      text,
    ).security.seccomp;
  expect(seccomp()).toBe('unconfined');
  expect(seccomp({ type: 'Unconfined' })).toBe('unconfined');
  expect(seccomp({ type: 'RuntimeDefault' })).toBeUndefined();
  expect(seccomp({ type: 'Localhost', localhostProfile: 'p.json' }, '{}')).toBe('{}');
  const { security } = make({ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } });
  expect(security).toMatchObject({ noNewPrivileges: true, dropCapabilities: ['ALL'], privileged: false });
});

describe('limits', () => {
  test.each([
    [{}, { cpuShares: 2, oomScoreAdj: 1000 }],
    [{ requests: { cpu: '250m' } }, { cpuShares: 256 }],
    [{ limits: { cpu: '1500m' } }, { cpuShares: 1536, cpuQuotaMicros: 150_000, cpuPeriodMicros: 100_000 }],
    [{ limits: { cpu: '1m' } }, { cpuShares: 2, cpuQuotaMicros: 1000 }],
    [{ limits: { memory: '64Mi' } }, { memoryLimitBytes: 67_108_864 }],
  ])('%j', (resources, expected) => {
    const spec: Partial<Pod['spec']> = { containers: [container('app', { resources })] };
    expect(make({ resources }, spec).resources).toMatchObject(expected);
  });
  test.each([
    [{ limits: { cpu: '1', memory: '1Gi' } }, 0, -997],
    [{}, 0, 1000],
    [{}, 2_000_000_000, -997],
    [{ requests: { memory: '4Gi' } }, 0, 500],
    [{ requests: { memory: '1' } }, 0, 999],
    [{ requests: { memory: '8Gi' } }, 0, 3],
  ])('oom score of %j at priority %i is %i', (resources, priority, score) => {
    const app = container('app', { resources });
    expect(oomScoreAdj(podWith({ containers: [app], priority }), app, 8 * 1024 ** 3)).toBe(score);
  });
});
