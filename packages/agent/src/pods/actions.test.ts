import { describe, expect, test } from 'vitest';
import { podActions } from './actions.ts';
import { type Action, type Busy, type PodFacts, type Setback, targetOf } from './facts.ts';
import { container, dead, factsOf, instance, podWith, sandbox, sidecar, startMs } from './testing/facts.ts';

/** Actions in one word each: `startContainer app 0`. */
function planned(facts: PodFacts): string[] {
  return podActions(facts).actions.map(shown);
}

function shown(action: Action): string {
  switch (action.type) {
    case 'startContainer':
      return `start ${action.name} ${action.attempt} backoff ${action.backoffMs}`;
    case 'killContainer':
      return `kill ${action.id} ${action.cause}`;
    case 'removeContainer':
    case 'removeSandbox':
      return `${action.type} ${action.id}`;
    case 'createSandbox':
      return `createSandbox ${action.attempt}`;
    case 'cancel':
      return `cancel ${action.target}`;
    default:
      return action.type;
  }
}

const setback = (action: Action['type'], retryAt: number): Setback => ({ action, reason: 'R', message: 'm', retryAt });
const now = startMs + 2000;

describe('a new pod', () => {
  const pod = podWith({});
  test('gets its volumes first', () => {
    expect(planned(factsOf(pod, [], { volumes: 'absent' }))).toEqual(['setUpVolumes']);
  });
  test('gets a sandbox when volumes are there', () => {
    expect(planned(factsOf(pod))).toEqual(['createSandbox 0']);
  });
  test('gets its network before its containers', () => {
    const { network: _network, ...facts } = factsOf(pod, [sandbox()]);
    expect(planned(facts)).toEqual(['attachNetwork']);
  });
  test('needs no network of its own on the host network', () => {
    const { network: _network, ...facts } = factsOf(podWith({ hostNetwork: true }), [sandbox()]);
    expect(planned(facts)).toEqual(['start app 0 backoff 0']);
  });
  test('starts all app containers at once', () => {
    const two = podWith({ containers: [container('a'), container('b')] });
    expect(planned(factsOf(two, [sandbox()]))).toEqual(['start a 0 backoff 0', 'start b 0 backoff 0']);
  });
  test('does nothing more for a container whose start is under way', () => {
    const facts = factsOf(pod, [sandbox()], { busy: new Map([['app', { action: 'startContainer' }]]) });
    expect(planned(facts)).toEqual([]);
  });
  test('rests when all runs', () => {
    expect(podActions(factsOf(pod, [sandbox(), instance('app')]))).toEqual({ actions: [] });
  });
});

describe('a dead container', () => {
  const cases = [
    ['Always', 0, 'start app 1 backoff 10000'],
    ['Always', 1, 'start app 1 backoff 10000'],
    ['OnFailure', 1, 'start app 1 backoff 10000'],
  ] as const;
  test.each(cases)('policy %s, exit code %i: is started again', (restartPolicy, code, action) => {
    expect(planned(factsOf(podWith({ restartPolicy }), [sandbox(), dead('app', code)]))).toEqual([action]);
  });
  test.each([
    ['OnFailure', 0],
    ['Never', 0],
    ['Never', 1],
  ] as const)('policy %s, exit code %i: stays dead beside one that runs', (restartPolicy, code) => {
    const pod = podWith({ restartPolicy, containers: [container('app'), container('other')] });
    expect(planned(factsOf(pod, [sandbox(), dead('app', code), instance('other')]))).toEqual([]);
  });
  test('waits for its back-off, and says when to look again', () => {
    const facts = factsOf(podWith({}), [sandbox(), dead('app', 1, { attempt: 1, backoffMs: 10_000 })]);
    expect(podActions(facts)).toEqual({ actions: [], wakeAt: startMs + 11_000 });
    expect(planned({ ...facts, now: startMs + 11_000 })).toEqual(['start app 2 backoff 20000']);
  });
  test('that ran for more than ten minutes starts the ladder anew', () => {
    const long = { attempt: 5, backoffMs: 160_000, startedAt: startMs - 600_001, finishedAt: startMs };
    expect(planned(factsOf(podWith({}), [sandbox(), dead('app', 1, long)]))).toEqual(['start app 6 backoff 10000']);
  });
  test('keeps its last two instances and loses the older ones', () => {
    const all = [0, 1, 2, 3].map((attempt) => dead('app', 1, { attempt }));
    const last = instance('app', { attempt: 4 });
    const surplus = ['removeContainer app-2', 'removeContainer app-1', 'removeContainer app-0'];
    expect(planned(factsOf(podWith({}), [sandbox(), ...all, last]))).toEqual(surplus);
  });
  test('goes on counting where the API left off when nothing is left of it here', () => {
    const status = { containerStatuses: [{ name: 'app', restartCount: 4, containerID: 'docker://x' }] };
    const pod = podWith({}, { status } as never);
    expect(planned(factsOf(pod, [sandbox()]))).toEqual(['start app 5 backoff 0']);
  });
  test('that was made and never started makes room', () => {
    const made = instance('app', { state: 'created', attempt: 1 });
    const facts = factsOf(podWith({ restartPolicy: 'Never' }), [sandbox(), made]);
    expect(planned(facts)).toEqual(['removeContainer app-1']);
  });
});

describe('a setback', () => {
  const pod = podWith({});
  test('holds up the same action only, and is looked at again', () => {
    const setbacks = new Map([['app', setback('startContainer', now + 5000)]]);
    expect(podActions(factsOf(pod, [sandbox()], { setbacks }))).toEqual({ actions: [], wakeAt: now + 5000 });
    const health = new Map([['app-0', { started: true, ready: false, failed: { probe: 'liveness' as const } }]]);
    expect(planned(factsOf(pod, [sandbox(), instance('app')], { setbacks, health }))).toEqual(['kill app-0 unhealthy']);
  });
  test('is over at its moment', () => {
    const setbacks = new Map([['app', setback('startContainer', now)]]);
    expect(planned(factsOf(pod, [sandbox()], { setbacks }))).toEqual(['start app 0 backoff 0']);
  });
  test.each(['killContainer', 'removeContainer', 'removeSandbox', 'tearDownVolumes', 'deleteFromApi'] as const)(
    'of %s holds up an ending pod',
    (action) => {
      const containers = {
        killContainer: [sandbox(), instance('app')],
        removeContainer: [dead('app', 0)],
        removeSandbox: [sandbox()],
        tearDownVolumes: [],
        deleteFromApi: [],
      }[action];
      const target = {
        killContainer: 'app',
        removeContainer: 'app',
        removeSandbox: '@sandbox',
        tearDownVolumes: '@volumes',
        deleteFromApi: '@api',
      }[action];
      const volumes = action === 'deleteFromApi' ? 'absent' : 'ready';
      const part = { presence: 'deleting', stopBy: now + 30_000, volumes } as const;
      const facts = factsOf(pod, containers, part);
      expect(podActions(facts).actions.map(({ type }) => type)).toEqual([action]);
      const held = { ...facts, setbacks: new Map([[target, setback(action, now + 1000)]]) };
      expect(podActions(held)).toEqual({ actions: [], wakeAt: now + 1000 });
    },
  );
});

describe('init containers', () => {
  const pod = podWith({ initContainers: [container('one'), container('two')] });
  test('run one after another, then the app', () => {
    const one = dead('one', 0);
    const two = dead('two', 0);
    expect(planned(factsOf(pod, [sandbox()]))).toEqual(['start one 0 backoff 0']);
    expect(planned(factsOf(pod, [sandbox(), instance('one')]))).toEqual([]);
    expect(planned(factsOf(pod, [sandbox(), one]))).toEqual(['start two 0 backoff 0']);
    expect(planned(factsOf(pod, [sandbox(), one, two]))).toEqual(['start app 0 backoff 0']);
  });
  test('are retried when they fail, unless the policy is Never', () => {
    const failed = [sandbox(), dead('one', 0), dead('two', 3)];
    expect(planned(factsOf(pod, failed))).toEqual(['start two 1 backoff 10000']);
    const never = podWith({ restartPolicy: 'Never', initContainers: [container('one'), container('two')] });
    expect(planned(factsOf(never, failed))).toEqual(['removeSandbox sandbox-0']);
  });
  test('do not run again once the app has begun in this sandbox, even when they are gone', () => {
    expect(planned(factsOf(pod, [sandbox(), dead('app', 1)]))).toEqual(['start app 1 backoff 10000']);
  });
  test('run again in a new sandbox', () => {
    const containers = [sandbox(1), dead('one', 0), dead('two', 0), dead('app', 137)];
    expect(planned(factsOf(pod, containers))).toEqual(['start one 1 backoff 0']);
  });
});

describe('sidecars', () => {
  const pod = podWith({ initContainers: [sidecar('proxy'), container('init')], restartPolicy: 'Never' });
  const starting = { health: new Map([['proxy-0', { started: false, ready: false }]]) };
  test('must have started before what stands behind them', () => {
    expect(planned(factsOf(pod, [sandbox()]))).toEqual(['start proxy 0 backoff 0']);
    expect(planned(factsOf(pod, [sandbox(), instance('proxy')], starting))).toEqual([]);
    expect(planned(factsOf(pod, [sandbox(), instance('proxy')]))).toEqual(['start init 0 backoff 0']);
  });
  test('are not waited for while their postStart hook runs', () => {
    const busy = new Map([['proxy', { action: 'startContainer' as const }]]);
    expect(planned(factsOf(pod, [sandbox(), instance('proxy')], { busy }))).toEqual([]);
  });
  test('are restarted though the policy is Never', () => {
    const running = [sandbox(), dead('proxy', 1), dead('init', 0), instance('app')];
    expect(planned(factsOf(pod, running))).toEqual(['start proxy 1 backoff 10000']);
  });
  test('stop after the app, the last first, and are not restarted then', () => {
    const many = podWith({ initContainers: [sidecar('s1'), sidecar('s2')], restartPolicy: 'Never' });
    const all = [sandbox(), instance('s1'), instance('s2')];
    const done = dead('app', 0);
    expect(planned(factsOf(many, [...all, done]))).toEqual(['kill s2-0 ending']);
    expect(planned(factsOf(many, [sandbox(), instance('s1'), dead('s2', 0), done]))).toEqual(['kill s1-0 ending']);
    const ending = { presence: 'deleting', stopBy: now + 30_000 } as const;
    expect(planned(factsOf(many, [...all, instance('app')], ending))).toEqual(['kill app-0 ending']);
  });
});

test('a sidecar’s preStop hook runs when the pod begins to end, once; its kill waits for its turn, and for the hook', () => {
  const hooked = { ...sidecar('s'), lifecycle: { preStop: { exec: { command: ['bye'] } } } };
  const pod = podWith({ initContainers: [hooked] });
  const ending = { presence: 'deleting', stopBy: now + 30_000 } as const;
  const all = [sandbox(), instance('s'), instance('app')];
  const types = (facts: PodFacts) => podActions(facts).actions.map((one) => `${one.type} ${targetOf(one)}`);
  expect(types(factsOf(pod, all, ending))).toEqual(['killContainer app', 'runPreStop s']);
  const hook: Busy = { action: 'runPreStop', killBy: now + 30_000 };
  const killing: Busy = { action: 'killContainer', killBy: now + 30_000 };
  expect(
    types(
      factsOf(pod, all, {
        ...ending,
        busy: new Map([
          ['s', hook],
          ['app', killing],
        ]),
      }),
    ),
  ).toEqual([]);
  const left = [sandbox(), instance('s'), dead('app', 0)];
  expect(types(factsOf(pod, left, { ...ending, busy: new Map([['s', hook]]) }))).toEqual([]);
  const ran = { ...ending, preStopped: new Set(['s-0']) };
  expect(types(factsOf(pod, all, { ...ran, busy: new Map([['app', killing]]) }))).toEqual([]);
  expect(types(factsOf(pod, left, ran))).toEqual(['killContainer s']);
});

describe('a running container is killed', () => {
  const unhealthy = new Map([
    ['app-0', { started: true, ready: false, failed: { probe: 'liveness' as const, graceMs: 7000 } }],
  ]);
  test.each([
    ['Always', 'Container app failed liveness probe, will be restarted'],
    ['Never', 'Container app failed liveness probe'],
  ] as const)('when liveness failed (policy %s), with the probe’s own grace', (restartPolicy, message) => {
    const facts = factsOf(podWith({ restartPolicy }), [sandbox(), instance('app')], { health: unhealthy });
    expect(podActions(facts).actions).toMatchObject([{ type: 'killContainer', killBy: now + 7000, message }]);
  });
  test('when its image was changed, and replaced at once whatever the policy', () => {
    for (const restartPolicy of ['Always', 'OnFailure', 'Never'] as const) {
      const pod = podWith({ restartPolicy, containers: [container('app', { image: 'busybox:2' })] });
      expect(planned(factsOf(pod, [sandbox(), instance('app')]))).toEqual(['kill app-0 changed']);
      const stopped = [sandbox(), dead('app', 0, { backoffMs: 80_000 })];
      expect(planned(factsOf(pod, stopped, { replaced: new Set(['app-0']) }))).toEqual(['start app 1 backoff 0']);
    }
  });
  test('when its sandbox is gone; a new one is made when all are dead', () => {
    const lost = sandbox(0, { state: 'exited' });
    expect(planned(factsOf(podWith({}), [lost, instance('app')]))).toEqual(['kill app-0 sandboxGone']);
    expect(planned(factsOf(podWith({}), [lost, dead('app', 137)]))).toEqual(['createSandbox 1']);
  });
  test('never by the agent’s own restart', () => {
    const pod = podWith({ initContainers: [container('init')] });
    const { network: _network, ...facts } = factsOf(pod, [sandbox(), instance('app')], { volumes: 'stale' });
    expect(planned(facts)).toEqual(['setUpVolumes', 'attachNetwork']);
  });
});

describe('ephemeral containers', () => {
  const pod = podWith({ ephemeralContainers: [{ name: 'debug', image: 'busybox:1.36' }] });
  test('start beside what runs, once', () => {
    expect(planned(factsOf(pod, [sandbox(), instance('app')]))).toEqual(['start debug 0 backoff 0']);
    expect(planned(factsOf(pod, [sandbox(), instance('app'), dead('debug', 1)]))).toEqual([]);
  });
  test('do not keep a finished pod alive', () => {
    const never = podWith({ restartPolicy: 'Never', ephemeralContainers: [{ name: 'debug', image: 'busybox:1.36' }] });
    const facts = factsOf(never, [sandbox(), dead('app', 0), instance('debug')]);
    expect(planned(facts)).toEqual(['kill debug-0 ending']);
  });
});

describe('a pod that ends', () => {
  const pod = podWith({});
  const deleting = { presence: 'deleting', stopBy: now + 30_000 } as const;
  test('gives up starts, and kills by the pod’s deadline', () => {
    const busy = new Map([['app', { action: 'startContainer' as const }]]);
    expect(planned(factsOf(pod, [sandbox()], { ...deleting, busy }))).toEqual(['cancel app']);
    const kill = podActions(factsOf(pod, [sandbox(), instance('app')], deleting)).actions;
    expect(kill).toMatchObject([{ type: 'killContainer', killBy: now + 30_000 }]);
  });
  test('kills again when its deadline comes nearer, and only then', () => {
    const busy = new Map([['app', { action: 'killContainer' as const, killBy: now + 30_000 }]]);
    const running = [sandbox(), instance('app')];
    expect(planned(factsOf(pod, running, { ...deleting, busy }))).toEqual([]);
    expect(planned(factsOf(pod, running, { ...deleting, stopBy: now + 1000, busy }))).toEqual(['kill app-0 ending']);
  });
  test('tells its end before anything is removed, then goes step by step', () => {
    const stopped = [sandbox(), dead('app', 0)];
    expect(planned(factsOf(pod, stopped, { ...deleting, statusReported: false }))).toEqual([]);
    expect(planned(factsOf(pod, stopped, deleting))).toEqual(['removeContainer app-0', 'removeSandbox sandbox-0']);
    const twice = [sandbox(), dead('app', 1, { attempt: 1 }), dead('app', 1)];
    expect(planned(factsOf(pod, twice, deleting)).slice(0, 2)).toEqual([
      'removeContainer app-0',
      'removeContainer app-1',
    ]);
    expect(planned(factsOf(pod, [], deleting))).toEqual(['tearDownVolumes']);
    expect(planned(factsOf(pod, [], { ...deleting, volumes: 'absent' }))).toEqual(['deleteFromApi']);
    expect(planned(factsOf(pod, [], { ...deleting, presence: 'gone', volumes: 'absent' }))).toEqual(['forget']);
  });
  test('keeps its dead containers while the API keeps it', () => {
    const never = podWith({ restartPolicy: 'Never' });
    expect(planned(factsOf(never, [sandbox(), dead('app', 0)]))).toEqual(['removeSandbox sandbox-0']);
    expect(planned(factsOf(never, [dead('app', 0)]))).toEqual(['tearDownVolumes']);
    expect(planned(factsOf(never, [dead('app', 0)], { volumes: 'absent' }))).toEqual([]);
  });
  test('at activeDeadlineSeconds after its start', () => {
    const status = { startTime: new Date(startMs).toISOString() };
    const timed = podWith({ activeDeadlineSeconds: 60 }, { status } as never);
    const facts = factsOf(timed, [sandbox(), instance('app')]);
    expect(podActions(facts)).toEqual({ actions: [], wakeAt: startMs + 60_000 });
    expect(planned({ ...facts, now: startMs + 60_000 })).toEqual(['kill app-0 ending']);
  });
});
