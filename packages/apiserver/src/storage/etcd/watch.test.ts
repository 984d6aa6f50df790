import { describe, expect, test } from 'vitest';
import { inWords, isRising } from '../testing/collect.ts';
import { slotOf, topOf, versionOf } from './versions.ts';
import { toBatch } from './watch.ts';
import type { KeyEvent } from './watch-stream.ts';

const event = (type: KeyEvent['type'], key: string, revision: number): KeyEvent => ({
  type,
  kv: { key, value: Buffer.from('x'), modRevision: BigInt(revision) },
});

const put = (key: string, revision: number): KeyEvent => event('put', key, revision);
const words = (events: readonly KeyEvent[], last: bigint, prefix = '/a/'): string[] | undefined =>
  toBatch({ events: [...events] }, prefix, last)?.events.map((one) => inWords(one).replace(/ @.*/, ''));

describe('the events of an answer of etcd', () => {
  test('are told with versions, up to the top of the last revision', () => {
    const batch = toBatch({ events: [put('/a/1', 7), event('delete', '/a/2', 8)] }, '/a/', topOf(6n));
    expect(batch).toEqual({
      events: [
        { type: 'put', document: { key: '/a/1', bytes: Buffer.from('x'), version: versionOf('/a/1', 7n) } },
        { type: 'delete', key: '/a/2', version: versionOf('/a/2', 8n) },
      ],
      revision: topOf(8n),
    });
  });

  test('a repeated answer is dropped whole (etcd before 3.4.24)', () => {
    const events = [put('/a/1', 7), put('/a/2', 8)];
    expect(toBatch({ events }, '/a/', topOf(8n))).toBeUndefined();
    expect(words([...events, put('/a/3', 9)], topOf(8n))).toEqual(['put /a/3=x']);
  });

  test('an event that is repeated in one answer is told once', () => {
    expect(words([put('/a/1', 7), put('/a/1', 7), put('/a/2', 8)], 0n)).toEqual(['put /a/1=x', 'put /a/2=x']);
  });

  test('a member that travelled back in time tells nothing (etcd before 3.4.25)', () => {
    expect(toBatch({ events: [put('/a/1', 3), put('/a/1', 4)] }, '/a/', topOf(20n))).toBeUndefined();
  });

  test('events older than what was asked for are dropped (etcd before 3.4.38)', () => {
    expect(words([put('/a/1', 5), put('/a/2', 30)], topOf(20n))).toEqual(['put /a/2=x']);
  });

  test('of a transaction that was seen in part only the rest is told', () => {
    const keys = ['/a/1', '/a/2', '/a/3', '/a/4'].sort((a, b) => slotOf(a) - slotOf(b));
    const [, second] = keys;
    const rest = words(
      keys.map((key) => put(key, 7)),
      versionOf(second as string, 7n),
    );
    expect(rest).toEqual(keys.slice(2).map((key) => `put ${key}=x`));
  });

  test("a stranger's transaction is brought into the order of versions", () => {
    const keys = ['/a/1', '/a/2', '/a/3', '/a/4'].sort((a, b) => slotOf(b) - slotOf(a));
    const batch = toBatch({ events: keys.map((key) => put(key, 7)) }, '/a/', 0n);
    expect(batch?.events).toHaveLength(4);
    expect(isRising(batch?.events ?? [])).toBe(true);
  });

  test('what lies outside the prefix moves the watch on and is not told', () => {
    expect(toBatch({ events: [put('/b/1', 9)] }, '/a/', topOf(8n))).toEqual({ events: [], revision: topOf(9n) });
    expect(toBatch({ events: [] }, '/a/', topOf(8n))).toBeUndefined();
  });
});
