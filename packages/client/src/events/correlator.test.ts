import type { Draft, Event } from '@skiff/api';
import { expect, test } from 'vitest';
import { type Correlate, createCorrelator } from './correlator.ts';

interface Told {
  readonly message?: string;
  readonly reason?: string;
  readonly uid?: string;
  readonly fieldPath?: string;
  readonly host?: string;
}

let made = 0;
const event = ({ message = 'm', reason = 'R', uid = 'u', fieldPath = '', host = 'n1' }: Told = {}): Draft<Event> => {
  made += 1;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace: 'default', name: `web.${made}` },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'web', uid, fieldPath },
    source: { component: 'kubelet', host },
    type: 'Warning',
    reason,
    message,
    count: 1,
    firstTimestamp: `first-${made}`,
    lastTimestamp: `last-${made}`,
  };
};

const minutes = (count: number): number => count * 60_000;

/** Message and count of each event that is written. */
const tell = (correlate: Correlate, all: readonly { readonly of: Told; readonly atMs: number }[]) =>
  all.map(({ of, atMs }) => {
    const result = correlate(event(of), atMs);
    return result === undefined ? undefined : `${result.event.message} x${result.event.count}`;
  });

test('the same is one event whose count and last time change', () => {
  const correlate = createCorrelator();
  const first = correlate(event(), 0)?.event;
  const again = correlate(event(), 1000);
  expect(again).toMatchObject({
    isRepeat: true,
    event: { count: 2, metadata: { name: first?.metadata.name }, firstTimestamp: first?.firstTimestamp },
  });
  expect(again?.event.lastTimestamp).not.toBe(first?.lastTimestamp);
});

test.each<[string, Told]>([
  ['message', { message: 'other' }],
  ['reason', { reason: 'Other' }],
  ['object', { uid: 'other' }],
  ['container', { fieldPath: 'spec.containers{c}' }],
  ['source', { host: 'n2' }],
])('another %s is another event', (_, other) => {
  const correlate = createCorrelator();
  correlate(event(), 0);
  expect(correlate(event(other), 0)).toMatchObject({ isRepeat: false, event: { count: 1 } });
});

test('ten messages of one reason within ten minutes of each other are combined', () => {
  const correlate = createCorrelator();
  const all = Array.from({ length: 12 }, (_, index) => ({ of: { message: `m${index}` }, atMs: minutes(index * 9) }));
  expect(tell(correlate, all).slice(8)).toEqual([
    'm8 x1',
    '(combined from similar events): m9 x1',
    '(combined from similar events): m10 x2',
    '(combined from similar events): m11 x3',
  ]);
  const later = minutes(11 * 9 + 10) + 1;
  expect(tell(correlate, [{ of: { message: 'm12' }, atMs: later }])).toEqual(['m12 x1']);
});

test('messages of another reason or object do not count as similar', () => {
  const correlate = createCorrelator();
  const all = Array.from({ length: 18 }, (_, index) => ({
    of: { message: `m${index}`, ...(index % 2 === 0 ? {} : { reason: 'Other' }) },
    atMs: 0,
  }));
  expect(tell(correlate, all)).toEqual(all.map(({ of }) => `${of.message} x1`));
});

test.each<[string, number, number]>([
  ['at once', 0, 25],
  ['in five minutes', minutes(5), 26],
  ['in just under five minutes', minutes(5) - 1, 25],
  ['in an hour', minutes(60), 37],
  ['in a day', minutes(1440), 50],
  ['when the clock goes back', -minutes(60), 25],
])('of a flood %s, 25 and one in five minutes are told', (_, laterMs, told) => {
  const correlate = createCorrelator();
  const flood = (atMs: number) =>
    tell(
      correlate,
      Array.from({ length: 200 }, () => ({ of: {}, atMs })),
    );
  const all = [...flood(minutes(1)), ...flood(minutes(1) + laterMs)];
  expect(all.filter((one) => one !== undefined)).toHaveLength(told);
});

test('one object that floods takes nothing from another, whose source is another too', () => {
  const correlate = createCorrelator();
  tell(
    correlate,
    Array.from({ length: 100 }, () => ({ of: {}, atMs: 0 })),
  );
  expect(correlate(event({ uid: 'other' }), 0)).toBeDefined();
  expect(correlate(event({ host: 'n2' }), 0)).toBeDefined();
});

test('what was heard longest ago is forgotten beyond 4096', () => {
  const correlate = createCorrelator();
  for (let index = 0; index <= 4096; index += 1) correlate(event({ uid: `u${index}` }), 0);
  expect(correlate(event({ uid: 'u0' }), 0)?.isRepeat).toBe(false);
  expect(correlate(event({ uid: 'u4096' }), 0)?.isRepeat).toBe(true);
});
