import { ApiError, resources } from '@skiff/api';
import { expect, test } from 'vitest';
import type { Client } from '../contract.ts';
import {
  createTestCluster,
  type Interceptor,
  intercept,
  node,
  pod,
  settle,
  silentLogger,
  withUid,
} from '../testing/index.ts';
import { createEventRecorder } from './recorder.ts';

function setup(interceptor: Interceptor = {}) {
  const cluster = createTestCluster();
  const client: Client = intercept(cluster.client, interceptor);
  const { clock, random } = cluster;
  const recorder = createEventRecorder({
    client,
    clock,
    random,
    logger: silentLogger,
    component: 'kubelet',
    host: 'n1',
  });
  return { cluster, clock, recorder, events: () => cluster.all(resources.events) };
}

test('an event says what kubectl describe shows', async () => {
  const { recorder, events } = setup();
  recorder.event(pod('web'), 'Normal', 'Pulled', 'image is there', 'spec.containers{c}');
  await settle();
  expect(events()).toMatchObject([
    {
      metadata: { name: expect.stringMatching(/^web\.[0-9a-f]{16}$/), namespace: 'default' },
      involvedObject: {
        apiVersion: 'v1',
        kind: 'Pod',
        name: 'web',
        namespace: 'default',
        uid: 'uid-of-web',
        fieldPath: 'spec.containers{c}',
      },
      type: 'Normal',
      reason: 'Pulled',
      message: 'image is there',
      count: 1,
      firstTimestamp: '2026-01-02T03:04:05Z',
      lastTimestamp: '2026-01-02T03:04:05Z',
      source: { component: 'kubelet', host: 'n1' },
      reportingComponent: 'kubelet',
    },
  ]);
});

test('the same again raises the count; another message is another event', async () => {
  const { recorder, clock, events } = setup();
  for (let turn = 0; turn < 3; turn += 1) {
    recorder.event(pod('web'), 'Warning', 'BackOff', 'restarting');
    await clock.advance(1000);
  }
  recorder.event(pod('web'), 'Warning', 'BackOff', 'something else');
  await settle();
  expect(events().map(({ message, count, lastTimestamp }) => [message, count, lastTimestamp])).toEqual(
    expect.arrayContaining([
      ['restarting', 3, '2026-01-02T03:04:07Z'],
      ['something else', 1, '2026-01-02T03:04:08Z'],
    ]),
  );
  expect(events()).toHaveLength(2);
});

test('an event that the server forgot is made anew', async () => {
  const { recorder, cluster, events } = setup();
  recorder.event(pod('web'), 'Normal', 'Pulled', 'image');
  await settle();
  await cluster.client.resource(resources.events).deleteCollection({ namespace: 'default' });
  recorder.event(pod('web'), 'Normal', 'Pulled', 'image');
  await settle();
  expect(events()).toMatchObject([{ count: 2 }]);
});

test('events of cluster-scoped objects live in default', async () => {
  const { recorder, events } = setup();
  recorder.event(node('n1'), 'Normal', 'NodeReady', 'ready');
  await settle();
  const [event] = events();
  expect(event?.metadata.namespace).toBe('default');
  expect(event?.involvedObject).not.toHaveProperty('namespace');
});

test('an object with the longest name has events too, and a long message is cut', async () => {
  const { recorder, events } = setup();
  recorder.event(pod(`${'a'.repeat(238)}.${'b'.repeat(14)}`), 'Normal', 'Pulled', 'x'.repeat(5000));
  await settle();
  expect(events()[0]?.message).toHaveLength(1024);
});

test('neither errors nor a server that hangs reach the caller, and what waits is bounded', async () => {
  let broken = true;
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { recorder, events } = setup({
    before: () => {
      if (broken) throw new ApiError('Forbidden', 'not yours');
      return gate;
    },
  });
  recorder.event(pod('lost'), 'Normal', 'Pulled', 'image');
  await settle();
  broken = false;
  for (let index = 0; index < 5000; index += 1)
    recorder.event(pod(`p${index}`, withUid(`uid-${index}`)), 'Normal', 'Pulled', 'image');
  release();
  while (events().length < 1000) await settle();
  for (let turn = 0; turn < 20; turn += 1) await settle();
  expect(events().length).toBeLessThanOrEqual(1001);
});

test('an event waits for a server that is away, and is written once even when an answer is lost', async () => {
  const faults = [
    { when: 'before', error: new ApiError('ServiceUnavailable', 'down') },
    { when: 'after', error: new ApiError('Timeout', 'the answer was lost') },
  ];
  const fail = (when: string) => (): void => {
    if (faults[0]?.when === when) throw faults.shift()?.error;
  };
  const { recorder, clock, events } = setup({ before: fail('before'), after: fail('after') });
  recorder.event(pod('web'), 'Normal', 'Pulled', 'image');
  recorder.event(pod('web'), 'Normal', 'Pulled', 'image');
  await clock.advance(60_000);
  expect(faults).toEqual([]);
  expect(events()).toMatchObject([{ count: 2 }]);
});

test('a server that stays away is given up, and later events come through', async () => {
  let down = true;
  const { recorder, clock, events } = setup({
    before: () => {
      if (down) throw new ApiError('ServiceUnavailable', 'down');
    },
  });
  recorder.event(pod('lost'), 'Normal', 'Pulled', 'image');
  await clock.advance(120_000);
  expect(clock.pending).toBe(0);
  down = false;
  recorder.event(pod('web'), 'Normal', 'Pulled', 'image');
  await settle();
  expect(events().map(({ involvedObject }) => involvedObject.name)).toEqual(['web']);
});

test('one object that happens too often is heard 25 times, then once in five minutes', async () => {
  const { recorder, clock, events } = setup();
  const burst = async (): Promise<void> => {
    for (let turn = 0; turn < 100; turn += 1) recorder.event(pod('web'), 'Warning', 'Loud', 'again');
    for (let turn = 0; turn < 5; turn += 1) await settle();
  };
  await burst();
  expect(events()).toMatchObject([{ count: 25 }]);
  await clock.advance(5 * 60_000);
  await burst();
  // What was not written is counted all the same.
  expect(events()).toMatchObject([{ count: 101 }]);
});

test('the tenth message of one reason and all that follow share one event, which tells the newest', async () => {
  const { recorder, events } = setup();
  for (let index = 1; index <= 12; index += 1) recorder.event(pod('web'), 'Warning', 'Loud', `message ${index}`);
  for (let turn = 0; turn < 5; turn += 1) await settle();
  expect(events()).toHaveLength(10);
  expect(events().filter(({ count }) => count !== 1)).toMatchObject([
    { message: '(combined from similar events): message 12', count: 3 },
  ]);
});
