import type { ContainerStatus as ApiContainerStatus, Pod, PodStatus } from '@skiff/api';
import { describe, expect, test } from 'vitest';
import type { PodFacts, Setback } from '../pods/facts.ts';
import { container, dead, factsOf, instance, podWith, sandbox, sidecar, startMs } from '../pods/testing/facts.ts';
import { backoffEvents } from './backoff-events.ts';
import { generateStatus } from './generate.ts';

const hostIPs = ['192.168.0.1', 'fd00::1'];
const statusOf = (facts: PodFacts, previous?: PodStatus): PodStatus => generateStatus({ facts, hostIPs, previous });
const setback = (reason: string, part: Partial<Setback> = {}): Setback => ({
  ...{ action: 'startContainer', reason, message: `${reason} it is`, retryAt: startMs + 60_000 },
  ...part,
});
const firstOf = (status: PodStatus): ApiContainerStatus => status.containerStatuses?.[0] ?? ({} as ApiContainerStatus);
const conditionsOf = (status: PodStatus): Record<string, string> =>
  Object.fromEntries(
    (status.conditions ?? []).map(({ type, status: is, reason = '' }) => [type, `${is} ${reason}`.trim()]),
  );

describe('a container’s state', () => {
  const pod = podWith({});
  const state = (facts: PodFacts) => firstOf(statusOf(facts)).state;
  test('is waiting while it is made: ContainerCreating, or PodInitializing behind init containers', () => {
    expect(state(factsOf(pod))).toEqual({ waiting: { reason: 'ContainerCreating' } });
    const behind = podWith({ initContainers: [container('init')] });
    expect(state(factsOf(behind))).toEqual({ waiting: { reason: 'PodInitializing' } });
  });
  test.each(['ErrImageNeverPull', 'InvalidImageName', 'CreateContainerConfigError', 'CreateContainerError'])(
    'is waiting with the reason of its last failure: %s',
    (reason) => {
      const facts = factsOf(pod, [sandbox()], { setbacks: new Map([['app', setback(reason)]]) });
      expect(state(facts)).toEqual({ waiting: { reason, message: `${reason} it is` } });
    },
  );
  test('calls a failed pull a back-off after a moment', () => {
    const becomes = { at: startMs + 5000, reason: 'ImagePullBackOff', message: 'later' };
    const setbacks = new Map([['app', setback('ErrImagePull', { becomes })]]);
    const facts = factsOf(pod, [sandbox()], { setbacks });
    expect(state(facts)?.waiting?.reason).toBe('ErrImagePull');
    expect(state({ ...facts, now: startMs + 5000 })).toEqual({
      waiting: { reason: 'ImagePullBackOff', message: 'later' },
    });
  });
  test('a failure of another step is not the container’s', () => {
    const setbacks = new Map([['app', setback('X', { action: 'removeContainer' })]]);
    expect(state(factsOf(pod, [sandbox()], { setbacks }))).toEqual({ waiting: { reason: 'ContainerCreating' } });
  });
  test('is running once its postStart hook has ended', () => {
    const busy = new Map([['app', { action: 'startContainer' as const }]]);
    expect(state(factsOf(pod, [sandbox(), instance('app')], { busy }))?.waiting?.reason).toBe('ContainerCreating');
    expect(state(factsOf(pod, [sandbox(), instance('app')]))).toEqual({
      running: { startedAt: '2026-01-02T03:04:05Z' },
    });
  });
  test.each([
    [{ exitCode: 0 }, 'Completed'],
    [{ exitCode: 1 }, 'Error'],
    [{ exitCode: 137, oomKilled: true }, 'OOMKilled'],
    [{ exitCode: 127, startError: 'no such file' }, 'ContainerCannotRun'],
  ])('%j has terminated as %s', (part, reason) => {
    const never = podWith({ restartPolicy: 'Never' });
    const terminated = state(factsOf(never, [sandbox(), dead('app', 0, part)]))?.terminated;
    expect(terminated).toMatchObject({ reason, exitCode: part.exitCode, containerID: 'docker://app-0' });
  });
  test('between two tries it waits in CrashLoopBackOff, and its last end is told', () => {
    const died = dead('app', 1, { attempt: 3, backoffMs: 80_000 });
    const status = firstOf(statusOf(factsOf(pod, [sandbox(), died, dead('app', 1, { attempt: 2 })])));
    const message = 'back-off 1m20s restarting failed container=app pod=web_shop(u1)';
    expect(status.state).toEqual({ waiting: { reason: 'CrashLoopBackOff', message } });
    expect(status).toMatchObject({ restartCount: 3, ready: false, started: false });
    expect(status.lastState?.terminated?.containerID).toBe('docker://app-3');
  });
  test('running again, the end before is its last state', () => {
    const status = firstOf(statusOf(factsOf(pod, [sandbox(), instance('app', { attempt: 1 }), dead('app', 2)])));
    expect(status).toMatchObject({ restartCount: 1, ready: true, lastState: { terminated: { exitCode: 2 } } });
  });
  test('is named as the pod names its image', () => {
    const status = firstOf(statusOf(factsOf(pod, [sandbox(), instance('app')])));
    expect(status).toMatchObject({
      image: 'busybox:1.36',
      imageID: 'docker://sha256:1',
      containerID: 'docker://app-0',
    });
  });
  test('what was seen to end stays ended when its container is removed; what was not has ended unknown', () => {
    const deleting = { presence: 'deleting', stopBy: startMs } as const;
    const before = statusOf(factsOf(pod, [dead('app', 3)], deleting));
    const after = firstOf(statusOf(factsOf(pod, [], deleting), before));
    expect(after.state?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    const lost = firstOf(statusOf(factsOf(pod, [], deleting), statusOf(factsOf(pod, [sandbox(), instance('app')]))));
    expect(lost.state?.terminated).toMatchObject({ exitCode: 137, reason: 'ContainerStatusUnknown' });
  });
  test('init containers are ready when they succeeded, sidecars when they are well', () => {
    const both = podWith({ initContainers: [container('init'), sidecar('proxy')] });
    const { initContainerStatuses } = statusOf(factsOf(both, [sandbox(), dead('init', 0), instance('proxy')]));
    expect(initContainerStatuses).toMatchObject([
      { name: 'init', ready: true, started: false, state: { terminated: { reason: 'Completed' } } },
      { name: 'proxy', ready: true, started: true },
    ]);
  });
});

describe('the phase', () => {
  const up = [sandbox(), instance('app')];
  const two = { containers: [container('app'), container('b')] };
  const cases: readonly (readonly [string, Pod, PodFacts['containers'], Partial<PodFacts>, string])[] = [
    ['nothing yet', podWith({}), [], {}, 'Pending'],
    ['one of two up', podWith(two), up, {}, 'Pending'],
    ['all up', podWith(two), [...up, instance('b')], {}, 'Running'],
    ['one of two ended', podWith({ ...two, restartPolicy: 'Never' }), [...up, dead('b', 1)], {}, 'Running'],
    ['all ended well', podWith({ restartPolicy: 'Never' }), [dead('app', 0)], {}, 'Succeeded'],
    ['ended ill, never again', podWith({ restartPolicy: 'Never' }), [dead('app', 1)], {}, 'Failed'],
    [
      'ended ill, to be tried again',
      podWith({ restartPolicy: 'OnFailure' }),
      [sandbox(), dead('app', 1)],
      {},
      'Running',
    ],
    ['ended well, to run again', podWith({}), [sandbox(), dead('app', 0)], {}, 'Running'],
    ['init runs', podWith({ initContainers: [container('i')] }), [sandbox(), instance('i')], {}, 'Pending'],
    [
      'init failed, never again',
      podWith({ initContainers: [container('i')], restartPolicy: 'Never' }),
      [dead('i', 1)],
      {},
      'Failed',
    ],
    [
      'sidecar outlives the app',
      podWith({ initContainers: [sidecar('s')], restartPolicy: 'Never' }),
      [sandbox(), instance('s'), dead('app', 0)],
      {},
      'Running',
    ],
    ['rejected', podWith({}), [], { rejection: { reason: 'OutOfcpu', message: 'm' } }, 'Failed'],
    [
      'deleted before it ran',
      podWith({}, { metadata: { ...podWith({}).metadata, deletionTimestamp: 'x' } }),
      [],
      { presence: 'deleting' },
      'Failed',
    ],
    ['being deleted, still up', podWith({}), up, { presence: 'deleting' }, 'Running'],
  ];
  test.each(cases)('%s', (_name, pod, containers, part, phase) => {
    expect(statusOf(factsOf(pod, containers, part)).phase).toBe(phase);
  });
  test.each(['Succeeded', 'Failed'] as const)('%s is for good', (phase) => {
    expect(statusOf(factsOf(podWith({}), up), { phase }).phase).toBe(phase);
  });
});

describe('conditions', () => {
  test('of a pod that is up', () => {
    expect(conditionsOf(statusOf(factsOf(podWith({}), [sandbox(), instance('app')])))).toEqual({
      ...{ PodReadyToStartContainers: 'True', Initialized: 'True', Ready: 'True', ContainersReady: 'True' },
      PodScheduled: 'True',
    });
  });
  test('of a pod that waits for its init containers', () => {
    const pod = podWith({ initContainers: [container('one'), sidecar('two')] });
    const status = statusOf(factsOf(pod, [sandbox(), instance('one')]));
    expect(conditionsOf(status)).toMatchObject({
      PodReadyToStartContainers: 'True',
      Initialized: 'False ContainersNotInitialized',
      ContainersReady: 'False ContainersNotReady',
      Ready: 'False ContainersNotReady',
    });
    const messages = Object.fromEntries((status.conditions ?? []).map(({ type, message }) => [type, message]));
    expect(messages).toMatchObject({
      Initialized: 'containers with incomplete status: [one two]',
      ContainersReady: 'containers with unready status: [two app]',
    });
  });
  test('readiness gates hold Ready back, and nothing else', () => {
    const pod = podWith({ readinessGates: [{ conditionType: 'example.com/lb' }] });
    const up = [sandbox(), instance('app')];
    const missing = statusOf(factsOf(pod, up));
    expect(conditionsOf(missing)).toMatchObject({ ContainersReady: 'True', Ready: 'False ReadinessGatesNotReady' });
    expect(missing.conditions?.find(({ type }) => type === 'Ready')?.message).toBe(
      'corresponding condition of pod readiness gate "example.com/lb" does not exist.',
    );
    const withGate = (status: string): Pod =>
      ({ ...pod, status: { conditions: [{ type: 'example.com/lb', status }] } }) as Pod;
    expect(conditionsOf(statusOf(factsOf(withGate('False'), up))).Ready).toBe('False ReadinessGatesNotReady');
    expect(conditionsOf(statusOf(factsOf(withGate('True'), up))).Ready).toBe('True');
  });
  test('of an ended pod', () => {
    const never = podWith({ restartPolicy: 'Never' });
    expect(conditionsOf(statusOf(factsOf(never, [dead('app', 0)])))).toMatchObject({ Ready: 'False PodCompleted' });
    expect(conditionsOf(statusOf(factsOf(never, [dead('app', 1)])))).toMatchObject({ Ready: 'False PodFailed' });
  });
  test('keep the moment of their last change', () => {
    const up = factsOf(podWith({}), [sandbox(), instance('app')]);
    const first = statusOf(up);
    const later = statusOf({ ...up, now: startMs + 60_000, health: new Map() }, first);
    const times = Object.fromEntries((later.conditions ?? []).map((one) => [one.type, one.lastTransitionTime]));
    expect(times).toMatchObject({ Initialized: '2026-01-02T03:04:07Z', Ready: '2026-01-02T03:05:05Z' });
  });
});

describe('addresses and times', () => {
  test('of the pod and its host', () => {
    const status = statusOf(factsOf(podWith({}), [sandbox(), instance('app')]));
    expect(status).toMatchObject({
      ...{ hostIP: '192.168.0.1', hostIPs: [{ ip: '192.168.0.1' }, { ip: 'fd00::1' }] },
      ...{ podIP: '10.244.0.5', podIPs: [{ ip: '10.244.0.5' }], startTime: '2026-01-02T03:04:07Z' },
    });
  });
  test('on the host’s network are the host’s', () => {
    const status = statusOf(factsOf(podWith({ hostNetwork: true }), [sandbox(), instance('app')]));
    expect(status).toMatchObject({ podIP: '192.168.0.1', podIPs: [{ ip: '192.168.0.1' }, { ip: 'fd00::1' }] });
  });
  test('an address is kept until a new one is known, and the start for good', () => {
    const previous = { podIPs: [{ ip: '10.244.0.9' }], startTime: '2020-01-01T00:00:00Z' };
    const { network: _network, ...facts } = factsOf(podWith({}), [sandbox()]);
    expect(statusOf(facts, previous)).toMatchObject({ podIP: '10.244.0.9', startTime: '2020-01-01T00:00:00Z' });
  });
  test('the end has its reason', () => {
    const rejection = { reason: 'OutOfcpu', message: 'Pod was rejected: no room' };
    const status = statusOf(factsOf(podWith({}), [], { rejection }));
    expect(status).toMatchObject({ phase: 'Failed', ...rejection });
    expect(status).not.toHaveProperty('containerStatuses');
  });
});

describe('events of waiting', () => {
  const pod = podWith({});
  const died = dead('app', 1, { attempt: 1, backoffMs: 10_000 });
  const waiting = statusOf(factsOf(pod, [sandbox(), died]));
  test('come once for each wait', () => {
    const message = 'Back-off restarting failed container app in pod web_shop(u1)';
    expect(backoffEvents(pod, undefined, waiting)).toEqual([
      { type: 'Warning', reason: 'BackOff', message, container: 'app' },
    ]);
    expect(backoffEvents(pod, waiting, waiting)).toEqual([]);
  });
  test('tell of images too', () => {
    const becomes = { at: startMs, reason: 'ImagePullBackOff', message: 'later' };
    const setbacks = new Map([['app', setback('ErrImagePull', { becomes })]]);
    const pulling = statusOf(factsOf(pod, [sandbox()], { setbacks }));
    expect(backoffEvents(pod, undefined, pulling)).toEqual([
      { type: 'Normal', reason: 'BackOff', message: 'Back-off pulling image "busybox:1.36"', container: 'app' },
      { type: 'Warning', reason: 'Failed', message: 'Error: ImagePullBackOff', container: 'app' },
    ]);
  });
});
