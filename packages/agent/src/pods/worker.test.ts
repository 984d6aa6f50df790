/** The node's pods as a whole, from the API's wish to containers and back to the API's status. */
import { readFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiError, type Container, type Event, resources } from '@skiff/api';
import { describe, expect, test } from 'vitest';
import { RuntimeError } from '../runtime/contract.ts';
import { running, testNode } from './testing/node.ts';

describe('a pod', () => {
  test('comes up: files, sandbox, network, container, status', async () => {
    const node = await testNode();
    await node.create('web', {});
    await node.until(() => node.condition('web', 'Ready')?.status === 'True');
    const { status } = node.pod('web');
    expect(status).toMatchObject({
      phase: 'Running',
      podIP: '10.244.0.5',
      hostIP: '192.168.0.1',
      qosClass: 'BestEffort',
    });
    expect(status?.containerStatuses).toMatchObject([
      { name: 'app', image: 'busybox:1.36', ready: true, started: true, restartCount: 0 },
    ]);
    for (const type of ['PodReadyToStartContainers', 'Initialized', 'ContainersReady', 'PodScheduled'])
      expect(node.condition('web', type)?.status).toBe('True');
    await node.until(() => node.events().length >= 3);
    expect(node.events()).toEqual(
      expect.arrayContaining([
        'Pulled: Container image "busybox:1.36" already present on machine',
        'Created: Created container: app',
        'Started: Started container app',
      ]),
    );
  });

  test('deleted: stopped by its grace, its end told, then nothing of it is left', async () => {
    const node = await testNode();
    const { metadata } = await node.create('web', { containers: [running('app', "trap '' TERM; sleep inf")] });
    await node.until(() => node.phase('web') === 'Running');
    const before = node.clock.now();
    await node.remove('web', 10);
    await node.until(() => !node.exists('web'));
    expect(node.clock.now() - before).toBeGreaterThanOrEqual(10_000);
    expect(node.clock.now() - before).toBeLessThan(15_000);
    expect(await node.runtime.list()).toEqual([]);
    expect(node.detached).toHaveLength(1);
    expect(await readdir(join(node.rootDir, 'pods'))).not.toContain(metadata.uid);
  });

  test('deleted again with less grace goes sooner', async () => {
    const node = await testNode();
    await node.create('web', { containers: [running('app', "trap '' TERM; sleep inf")] });
    await node.until(() => node.phase('web') === 'Running');
    await node.remove('web', 3600);
    await node.pass(5000);
    const before = node.clock.now();
    await node.remove('web', 1);
    await node.until(() => !node.exists('web'));
    expect(node.clock.now() - before).toBeLessThan(10_000);
  });

  test('deleted but held by a finalizer: ended, not asked about again and again, and gone with it', async () => {
    const node = await testNode();
    await node.create('web', {}, { finalizers: ['example.com/hold'] });
    await node.until(() => node.phase('web') === 'Running');
    let deletes = 0;
    node.faults.refuse = ({ verb }) => {
      if (verb === 'delete') deletes += 1;
    };
    await node.remove('web', 1);
    await node.pass(300_000);
    expect(await node.runtime.list()).toEqual([]);
    expect(node.exists('web')).toBe(true);
    expect(deletes).toBeGreaterThan(0);
    expect(deletes).toBeLessThan(5);
    const pods = node.cluster.client.resource(resources.pods);
    await pods.patch('shop', 'web', 'merge', { metadata: { finalizers: null } });
    await node.until(() => !node.exists('web'));
  });

  test('that vanished from the API is ended too', async () => {
    const node = await testNode();
    await node.create('web', {});
    await node.until(() => node.phase('web') === 'Running');
    await node.remove('web', 0);
    expect(node.exists('web')).toBe(false);
    await node.until(() => node.runtime.calls.some((call) => call.startsWith('removeContainer')));
    await node.pass(5000);
    expect(await node.runtime.list()).toEqual([]);
  });

  test('completes: Succeeded or Failed by its exit codes, containers kept for their logs', async () => {
    const node = await testNode();
    const never = { restartPolicy: 'Never' as const };
    await node.create('good', { ...never, containers: [running('app', 'exit 0')] });
    await node.create('bad', { ...never, containers: [running('app', 'exit 3'), running('other', 'exit 0')] });
    await node.until(() => node.phase('good') === 'Succeeded' && node.phase('bad') === 'Failed');
    expect(node.status('good')?.state?.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' });
    expect(node.status('bad')?.state?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    expect(node.condition('good', 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' });
    expect(node.condition('bad', 'Ready')).toMatchObject({ status: 'False', reason: 'PodFailed' });
    expect(await node.containers('good')).toHaveLength(1);
    expect((await node.runtime.list()).filter(({ role }) => role === 'sandbox')).toEqual([]);
  });

  test('evicted: ended at once, Failed, told why, its volumes gone and its log kept', async () => {
    const node = await testNode();
    const deaf = running('app', "trap '' TERM; sleep inf");
    await node.create('web', { containers: [deaf], terminationGracePeriodSeconds: 3600 });
    await node.until(() => node.phase('web') === 'Running');
    const before = node.clock.now();
    node.evict('web', { reason: 'Evicted', message: 'The node was low on resource: memory. ', disrupted: true });
    await node.until(() => node.phase('web') === 'Failed');
    expect(node.clock.now() - before).toBeLessThan(5000);
    expect(node.pod('web').status).toMatchObject({
      reason: 'Evicted',
      message: 'The node was low on resource: memory. ',
    });
    expect(node.condition('web', 'DisruptionTarget')).toMatchObject({ status: 'True', reason: 'TerminationByKubelet' });
    expect(node.status('web')?.state?.terminated?.exitCode).toBe(137);
    expect(node.events()).toContain('Evicted: The node was low on resource: memory. ');
    await node.stop();
    node.start();
    await node.pass(5000);
    expect(node.condition('web', 'DisruptionTarget')?.status).toBe('True');
    expect(await node.containers('web')).toHaveLength(1);
  });

  test('bound to a node that lacks something: rejected', async () => {
    const node = await testNode();
    node.pressures.add('DiskPressure');
    await node.create('web', {});
    await node.until(() => node.phase('web') === 'Failed');
    expect(node.pod('web').status).toMatchObject({
      reason: 'Evicted',
      message: 'Pod was rejected: The node had condition: [DiskPressure]. ',
    });
  });

  test('fails when its active deadline is over', async () => {
    const node = await testNode();
    await node.create('web', { activeDeadlineSeconds: 60 });
    await node.until(() => node.phase('web') === 'Running');
    const before = node.clock.now();
    await node.until(() => node.phase('web') === 'Failed');
    expect(node.clock.now() - before).toBeGreaterThan(50_000);
    expect(node.pod('web').status).toMatchObject({ reason: 'DeadlineExceeded' });
  });

  test('that does not fit is rejected with the node’s words, and nothing of it runs', async () => {
    const node = await testNode();
    const resources = { requests: { cpu: '5' } };
    await node.create('web', { containers: [running('app', 'sleep inf', { resources })] });
    await node.until(() => node.phase('web') === 'Failed');
    expect(node.pod('web').status).toMatchObject({
      reason: 'OutOfcpu',
      message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 5000, used: 0, capacity: 4000",
    });
    expect(await node.runtime.list()).toEqual([]);
    await node.remove('web');
    await node.until(() => !node.exists('web'));
  });
});

describe('a container', () => {
  test('that crashes waits longer each time, and says so', async () => {
    const node = await testNode();
    await node.create('web', { containers: [running('app', 'sleep 1; exit 1')] });
    const starts: number[] = [];
    for (const restartCount of [1, 2, 3]) {
      await node.until(() => (node.status('web')?.restartCount ?? 0) >= restartCount);
      starts.push(node.clock.now());
      await node.until(() => node.status('web')?.state?.waiting?.reason === 'CrashLoopBackOff');
    }
    const { metadata } = node.pod('web');
    expect(node.status('web')).toMatchObject({
      lastState: { terminated: { exitCode: 1, reason: 'Error' } },
      state: {
        waiting: { message: `back-off 40s restarting failed container=app pod=web_shop(${metadata.uid})` },
      },
    });
    const [first = 0, second = 0, third = 0] = starts;
    expect(Math.abs(second - first - 11_000)).toBeLessThan(3000);
    expect(Math.abs(third - second - 21_000)).toBeLessThan(3000);
    const message = `BackOff: Back-off restarting failed container app in pod web_shop(${metadata.uid})`;
    await node.until(() => node.events().includes(message));
  });

  test('killed behind our back is restarted; the sandbox stays', async () => {
    const node = await testNode();
    await node.create('web', {});
    await node.until(() => node.phase('web') === 'Running');
    const [one] = await node.containers('web');
    node.runtime.kill(one?.id ?? '', 137, true);
    await node.until(() => node.status('web')?.restartCount === 1 && node.status('web')?.state?.running !== undefined);
    expect(node.status('web')?.lastState?.terminated).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
    expect((await node.runtime.list()).filter(({ role }) => role === 'sandbox')).toHaveLength(1);
  });

  test('whose sandbox died moves to a new one, with a new address', async () => {
    const node = await testNode();
    await node.create('web', {});
    await node.until(() => node.phase('web') === 'Running');
    const sandbox = (await node.runtime.list()).find(({ role }) => role === 'sandbox');
    node.runtime.kill(sandbox?.id ?? '');
    await node.until(() => node.status('web')?.restartCount === 1 && node.status('web')?.state?.running !== undefined);
    expect(node.pod('web').status?.podIP).toBe('10.244.0.6');
    await node.until(() => node.detached.length === 1);
    expect(node.detached).toEqual([sandbox?.id]);
  });

  test('with a changed image is replaced at once, though its policy is Never', async () => {
    const node = await testNode();
    node.runtime.addImage('busybox:2');
    await node.create('web', { restartPolicy: 'Never' });
    await node.until(() => node.phase('web') === 'Running');
    await node.cluster.client
      .resource(resources.pods)
      .patch('shop', 'web', 'strategic', { spec: { containers: [{ name: 'app', image: 'busybox:2' }] } });
    await node.until(
      () => node.status('web')?.image === 'busybox:2' && node.status('web')?.state?.running !== undefined,
    );
    expect(node.status('web')?.restartCount).toBe(1);
    expect(node.phase('web')).toBe('Running');
  });

  test('whose image cannot be had: ErrImagePull, then ImagePullBackOff, then up when it is there', async () => {
    const node = await testNode();
    await node.create('web', { containers: [running('app', 'sleep inf', { image: 'nobody/has:1' })] });
    await node.until(() => node.status('web')?.state?.waiting?.reason === 'ErrImagePull');
    await node.until(() => node.status('web')?.state?.waiting?.reason === 'ImagePullBackOff');
    expect(node.status('web')?.state?.waiting?.message).toMatch(
      /^Back-off pulling image "nobody\/has:1": ErrImagePull: /,
    );
    expect(node.phase('web')).toBe('Pending');
    node.runtime.publishImage('nobody/has:1');
    await node.until(() => node.phase('web') === 'Running');
    expect(node.status('web')?.restartCount).toBe(0);
  });

  test.each([
    ['alpine --privileged', 'Always', 'InvalidImageName'],
    ['nobody/has:1', 'Never', 'ErrImageNeverPull'],
  ] as const)('of image %j with pull policy %s waits as %s', async (image, imagePullPolicy, reason) => {
    const node = await testNode();
    await node.create('web', { containers: [running('app', 'sleep inf', { image, imagePullPolicy })] });
    await node.until(() => node.status('web')?.state?.waiting?.reason === reason);
    expect(node.runtime.calls.filter((call) => call.startsWith('pullImage'))).toEqual([]);
  });

  test('that refers to a missing ConfigMap waits, and starts when it is made', async () => {
    const node = await testNode();
    const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } }];
    await node.create('web', { containers: [running('app', 'sleep inf', { env })] });
    await node.until(() => node.status('web')?.state?.waiting?.reason === 'CreateContainerConfigError');
    expect(node.status('web')?.state?.waiting?.message).toBe('configmap "settings" not found');
    const settings = { metadata: { name: 'settings', namespace: 'shop' }, data: { a: '1' } };
    await node.cluster.client.resource(resources.configmaps).create(settings as never);
    const before = node.clock.now();
    await node.until(() => node.phase('web') === 'Running');
    expect(node.clock.now() - before).toBeLessThan(5000);
    const [one] = await node.containers('web');
    expect(node.runtime.specOf(one?.id ?? '')).toMatchObject({ env: [{ name: 'A', value: '1' }] });
  });

  test.each<[string, Partial<Container>, readonly string[]]>([
    [
      'InvalidImageName',
      { image: 'alpine --privileged' },
      [
        'InspectFailed: Failed to apply default image tag "alpine --privileged": couldn\'t parse image name "alpine --privileged": invalid reference format',
        'Failed: Error: InvalidImageName',
      ],
    ],
    [
      'ErrImageNeverPull',
      { image: 'nobody/has:1', imagePullPolicy: 'Never' },
      [
        'ErrImageNeverPull: Container image "nobody/has:1" is not present with pull policy of Never',
        'Failed: Error: ErrImageNeverPull',
      ],
    ],
    [
      'ImagePullBackOff',
      { image: 'nobody/has:1' },
      [
        expect.stringMatching(/^Failed: Failed to pull image "nobody\/has:1": /),
        'Failed: Error: ErrImagePull',
        'Failed: Error: ImagePullBackOff',
      ],
    ],
    [
      'CreateContainerConfigError',
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'none', key: 'a' } } }] },
      ['Failed: Error: secret "none" not found'],
    ],
    [
      'CreateContainerConfigError',
      { securityContext: { runAsNonRoot: true } },
      [expect.stringMatching(/^Failed: Error: container has runAsNonRoot and image will run as root /)],
    ],
    ['RunContainerError', { command: ['/no/such'] }, [expect.stringMatching(/^Failed: Error: .*\/no\/such/)]],
  ])('that waits as %s has events that tell why: case %#', async (reason, parts, told) => {
    const node = await testNode();
    await node.create('web', { containers: [running('app', 'sleep inf', parts)] });
    await node.until(() => node.status('web')?.state?.waiting?.reason === reason);
    const warnings = (): Event[] => node.cluster.all(resources.events).filter(({ type }) => type === 'Warning');
    await node.until(() => warnings().length >= told.length);
    expect(warnings().map((event) => `${event.reason}: ${event.message}`)).toEqual(told);
    for (const { involvedObject } of warnings()) expect(involvedObject.fieldPath).toBe('spec.containers{app}');
  });

  test('that cannot be started tells why and is tried again', async () => {
    const node = await testNode();
    await node.create('web', { containers: [{ name: 'app', image: 'busybox:1.36', command: ['/no/such'] }] });
    await node.until(() => node.status('web')?.state?.waiting?.reason === 'RunContainerError');
    expect(node.status('web')?.lastState?.terminated?.reason).toBe('ContainerCannotRun');
    await node.until(() => (node.status('web')?.restartCount ?? 0) > 1);
  });

  test('leaves its last words: the end of its file, or of its log when it failed', async () => {
    const node = await testNode();
    const never = { restartPolicy: 'Never' as const };
    const policy = { terminationMessagePolicy: 'FallbackToLogsOnError' as const };
    await node.create('file', { ...never, containers: [running('app', 'echo done > /dev/termination-log; exit 1')] });
    await node.create('log', { ...never, containers: [running('app', 'echo sorry; exit 1', policy)] });
    await node.create('well', { ...never, containers: [running('app', 'echo fine; exit 0', policy)] });
    const words = (name: string) => node.status(name)?.state?.terminated;
    await node.until(() => ['file', 'log', 'well'].every((name) => words(name) !== undefined));
    expect(words('file')?.message).toBe('done\n');
    expect(words('log')?.message).toBe('sorry\n');
    expect(words('well')).not.toHaveProperty('message');
  });
});

describe('order', () => {
  test('init containers one by one, sidecars before and after', async () => {
    const node = await testNode();
    await node.create('web', {
      restartPolicy: 'Never',
      initContainers: [
        running('first', 'sleep 1; exit 0'),
        running('proxy', 'sleep inf', { restartPolicy: 'Always' }),
        running('second', 'sleep 1; exit 0'),
      ],
      containers: [running('app', 'sleep 5; exit 0')],
    });
    await node.until(() => node.phase('web') === 'Succeeded');
    const told = node.runtime.calls.filter((call) => /^(startContainer|stopContainer)/.test(call));
    expect(told.map((call) => call.split(' ').slice(0, 2).join(' '))).toEqual([
      ...['startContainer first', 'startContainer proxy', 'startContainer second', 'startContainer app'],
      'stopContainer proxy',
    ]);
  });

  test('a failed init container ends a pod that is never restarted', async () => {
    const node = await testNode();
    await node.create('web', { restartPolicy: 'Never', initContainers: [running('init', 'exit 1')] });
    await node.until(() => node.phase('web') === 'Failed');
    expect(node.runtime.calls.filter((call) => call === 'startContainer app')).toEqual([]);
    expect(node.condition('web', 'Initialized')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotInitialized',
      message: 'containers with incomplete status: [init]',
    });
  });

  test('an ephemeral container starts beside the others', async () => {
    const node = await testNode();
    await node.create('web', {});
    await node.until(() => node.phase('web') === 'Running');
    const debug = {
      name: 'debug',
      image: 'busybox:1.36',
      command: ['sh', '-c', 'sleep inf'],
      targetContainerName: 'app',
    };
    await node.cluster.client
      .resource(resources.pods)
      .patch(
        'shop',
        'web',
        'strategic',
        { spec: { ephemeralContainers: [debug] } },
        { subresource: 'ephemeralcontainers' },
      );
    await node.until(() => node.status('web', 'debug')?.state?.running !== undefined);
    expect(node.status('web')?.restartCount).toBe(0);
    const [app, other] = await node.containers('web');
    expect(node.runtime.specOf(other?.id ?? '')).toMatchObject({ name: 'debug', pid: { container: app?.id } });
  });
});

describe('hooks', () => {
  test('postStart holds up running and ready; its failure restarts the container', async () => {
    const node = await testNode();
    const lifecycle = { postStart: { exec: { command: ['sh', '-c', 'sleep 5; exit 0'] } } };
    await node.create('good', { containers: [running('app', 'sleep inf', { lifecycle })] });
    const failing = { postStart: { exec: { command: ['sh', '-c', 'echo no; exit 1'] } } };
    await node.create('bad', { containers: [running('app', 'sleep inf', { lifecycle: failing })] });
    await node.until(() => node.runtime.calls.includes('startContainer app'));
    await node.pass(1000);
    expect(node.status('good')?.state?.waiting?.reason).toBe('ContainerCreating');
    await node.until(() => node.phase('good') === 'Running');
    await node.until(() => (node.status('bad')?.restartCount ?? 0) > 0);
    const failed = 'FailedPostStartHook: Exec lifecycle hook ([sh -c echo no; exit 1]) for Container "app" failed';
    expect(node.events().some((event) => event.startsWith(failed))).toBe(true);
  });

  test('preStop runs before the signal, within the grace', async () => {
    const node = await testNode();
    const lifecycle = { preStop: { exec: { command: ['sh', '-c', 'sleep 4; exit 0'] } } };
    await node.create('web', { containers: [running('app', 'sleep inf', { lifecycle })] });
    await node.until(() => node.phase('web') === 'Running');
    const before = node.clock.now();
    await node.remove('web', 30);
    await node.until(() => !node.exists('web'));
    expect(node.clock.now() - before).toBeGreaterThanOrEqual(4000);
    const stop = node.runtime.calls.find((call) => call.startsWith('stopContainer app')) ?? '';
    expect(Number(stop.split(' ')[2])).toBeLessThanOrEqual(26_000);
  });

  test('preStop of a sidecar runs beside the end of the app, and once', async () => {
    const node = await testNode();
    const lifecycle = { preStop: { exec: { command: ['sh', '-c', 'sleep 6; exit 0'] } } };
    await node.create('web', {
      initContainers: [running('side', 'sleep inf', { restartPolicy: 'Always', lifecycle })],
      containers: [running('app', 'sleep inf', { lifecycle })],
    });
    await node.until(() => node.phase('web') === 'Running');
    const before = node.clock.now();
    await node.remove('web', 30);
    await node.until(() => !node.exists('web'));
    expect(node.clock.now() - before).toBeGreaterThanOrEqual(6000);
    expect(node.clock.now() - before).toBeLessThan(11_000);
    expect(node.runtime.calls.filter((call) => call.startsWith('exec side'))).toHaveLength(1);
    const stops = node.runtime.calls
      .filter((call) => call.startsWith('stopContainer'))
      .map((call) => call.split(' ')[1]);
    expect(stops.slice(0, 2)).toEqual(['app', 'side']);
  });

  test('preStop that never ends costs no more than the grace and two seconds', async () => {
    const node = await testNode();
    const lifecycle = { preStop: { exec: { command: ['sh', '-c', 'sleep inf'] } } };
    await node.create('web', { containers: [running('app', "trap '' TERM; sleep inf", { lifecycle })] });
    await node.until(() => node.phase('web') === 'Running');
    const before = node.clock.now();
    await node.remove('web', 10);
    await node.until(() => !node.exists('web'));
    expect(node.clock.now() - before).toBeLessThan(15_000);
  });
});

describe('an agent that restarts', () => {
  test('finds its pods again and touches none', async () => {
    const node = await testNode();
    const readinessProbe = { exec: { command: ['true'] }, periodSeconds: 1 };
    await node.create('web', {
      initContainers: [running('init', 'exit 0')],
      containers: [running('app', 'sleep inf', { readinessProbe })],
    });
    await node.until(() => node.condition('web', 'Ready')?.status === 'True');
    const before = await node.containers('web');
    const { lastTransitionTime } = node.condition('web', 'Ready') ?? {};
    await node.stop();
    node.runtime.calls.length = 0;
    node.start();
    await node.pass(30_000);
    expect(await node.containers('web')).toEqual(before);
    expect(node.runtime.calls.filter((call) => !call.startsWith('exec'))).toEqual([]);
    expect(node.condition('web', 'Ready')).toMatchObject({ status: 'True', lastTransitionTime });
  });

  test('ends what the API no longer has, and deletes its files', async () => {
    const node = await testNode();
    await node.create('web', {});
    await node.until(() => node.phase('web') === 'Running');
    await node.stop();
    await node.remove('web', 0);
    node.start();
    await node.pass(60_000);
    expect(await node.runtime.list()).toEqual([]);
    expect(await readdir(join(node.rootDir, 'pods'))).toEqual([]);
  });

  test('goes on with an end that was under way', async () => {
    const node = await testNode();
    await node.create('web', { containers: [running('app', "trap '' TERM; sleep inf")] });
    await node.until(() => node.phase('web') === 'Running');
    await node.remove('web', 20);
    await node.pass(2000);
    await node.stop();
    node.start();
    await node.until(() => !node.exists('web'));
    expect(await node.runtime.list()).toEqual([]);
  });

  test('counts pods it has not looked at yet when it admits another', async () => {
    const node = await testNode();
    const half = { resources: { requests: { cpu: '3' } } };
    await node.create('old', { containers: [running('app', 'sleep inf', half)] });
    await node.until(() => node.phase('old') === 'Running');
    await node.stop();
    await node.create('aaa', { containers: [running('app', 'sleep inf', half)] });
    node.start();
    await node.until(() => node.phase('aaa') === 'Failed');
    expect(node.phase('old')).toBe('Running');
  });
});

describe('faults', () => {
  test('an engine that is away for a while costs nothing but time', async () => {
    const node = await testNode();
    await node.create('web', {});
    await node.until(() => node.phase('web') === 'Running');
    node.runtime.down = true;
    await node.create('late', {});
    await node.pass(90_000);
    node.runtime.down = false;
    node.runtime.loseEvents();
    await node.until(() => node.phase('late') === 'Running');
    expect(node.status('web')?.restartCount).toBe(0);
  });

  test('a step that fails is not tried in a hot loop', async () => {
    const node = await testNode();
    await node.create('web', {});
    await node.until(() => node.phase('web') === 'Running');
    for (let i = 0; i < 1000; i += 1) node.runtime.failNext('stopContainer', new RuntimeError('internal', 'cannot'));
    await node.remove('web', 1);
    node.runtime.calls.length = 0;
    await node.pass(60_000);
    const tries = node.runtime.calls.filter((call) => call.startsWith('stopContainer')).length;
    expect(tries).toBeGreaterThan(2);
    expect(tries).toBeLessThan(10);
  });

  test('an API server that refuses deletes is asked again, with patience', async () => {
    const node = await testNode();
    await node.create('web', {});
    await node.until(() => node.phase('web') === 'Running');
    let deletes = 0;
    node.faults.refuse = ({ verb }) => {
      if (verb !== 'delete') return;
      deletes += 1;
      throw new ApiError('ServiceUnavailable', 'not now');
    };
    await node.remove('web', 1);
    await node.pass(60_000);
    expect(deletes).toBeGreaterThan(2);
    expect(deletes).toBeLessThan(10);
    delete node.faults.refuse;
    await node.until(() => !node.exists('web'));
  });

  test('a status that another overwrote is said again', async () => {
    const node = await testNode();
    await node.create('web', {});
    await node.until(() => node.condition('web', 'Ready')?.status === 'True');
    const conditions = [{ type: 'Ready', status: 'False', reason: 'NodeNotReady' }];
    await node.cluster.client
      .resource(resources.pods)
      .patch('shop', 'web', 'strategic', { status: { conditions } }, { subresource: 'status' });
    expect(node.condition('web', 'Ready')?.status).toBe('False');
    await node.until(() => node.condition('web', 'Ready')?.status === 'True', 10_000);
    const { version } = node.cluster;
    await node.pass(300_000);
    expect(node.cluster.version).toBe(version);
  });

  test('a log that cannot be read does not hold the pod up', async () => {
    const node = await testNode();
    const policy = { terminationMessagePolicy: 'FallbackToLogsOnError' as const };
    node.runtime.failLogs = new RuntimeError('internal', 'the log is damaged');
    await node.create('web', { restartPolicy: 'Never', containers: [running('app', 'exit 1', policy)] });
    await node.until(() => node.phase('web') === 'Failed');
  });
});

describe('volumes', () => {
  test('follow their objects and the pod’s labels while it runs', async () => {
    const node = await testNode();
    const configmaps = node.cluster.client.resource(resources.configmaps);
    const settings = { metadata: { name: 'settings', namespace: 'shop' }, data: { a: '1' } };
    await configmaps.create(settings as never);
    const labels = { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } };
    const { metadata } = await node.create(
      'web',
      {
        volumes: [
          { name: 'settings', configMap: { name: 'settings' } },
          { name: 'info', downwardAPI: { items: [labels] } },
        ],
      },
      { labels: { app: 'web' } },
    );
    await node.until(() => node.phase('web') === 'Running');
    const base = join(node.rootDir, 'pods', metadata.uid, 'volumes');
    const read = (path: string): string => readFileSync(join(base, path), 'utf8');
    expect(read('kubernetes.io~configmap/settings/a')).toBe('1');
    expect(read('kubernetes.io~downward-api/info/labels')).toBe('app="web"');
    const before = node.clock.now();
    await configmaps.patch('shop', 'settings', 'merge', { data: { a: '2' } });
    await node.cluster.client
      .resource(resources.pods)
      .patch('shop', 'web', 'merge', { metadata: { labels: { app: 'x' } } });
    await node.until(() => read('kubernetes.io~configmap/settings/a') === '2');
    await node.until(() => read('kubernetes.io~downward-api/info/labels') === 'app="x"');
    expect(node.clock.now() - before).toBeLessThan(10_000);
  });

  test('that cannot be made hold the pod in ContainerCreating, with the reason in an event', async () => {
    const node = await testNode();
    await node.create('web', { volumes: [{ name: 'settings', configMap: { name: 'settings' } }] });
    const event = 'FailedMount: MountVolume.SetUp failed for volume "settings" : configmap "settings" not found';
    await node.until(() => node.events().includes(event));
    expect(node.status('web')?.state?.waiting?.reason).toBe('ContainerCreating');
    await node.remove('web');
    await node.until(() => !node.exists('web'));
  });

  test('of a pod whose folder another left behind are deleted with it', async () => {
    const node = await testNode();
    await node.create('web', {});
    await node.until(() => node.phase('web') === 'Running');
    const { uid } = node.pod('web').metadata;
    await writeFile(join(node.rootDir, 'pods', uid, 'stray'), '');
    await node.remove('web');
    await node.until(() => !node.exists('web'));
    expect(await readdir(join(node.rootDir, 'pods'))).toEqual([]);
  });
});
