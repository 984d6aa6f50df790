import fc from 'fast-check';
import { expect, test } from 'vitest';
import { etcdMessages } from '../testing/etcd-messages.ts';
import { decodeWatch, encodeWatch } from './watch-stream.ts';

const { request, answer } = etcdMessages('Watch', 'Watch');

test('a watch asks for all keys from a revision on', () => {
  expect(request.decode(encodeWatch({ startRevision: 2n ** 40n }))).toEqual(
    request.decode(
      request.encode({
        create_request: { key: Buffer.from([0]), range_end: Buffer.from([0]), start_revision: String(2n ** 40n) },
      }),
    ),
  );
});

test('every answer is read as etcd writes it', () => {
  const event = fc.record({
    type: fc.constantFrom('put', 'delete'),
    key: fc.string(),
    value: fc.string({ maxLength: 300 }),
    modRevision: fc.bigInt({ min: 1n, max: 2n ** 53n - 1n }),
  });
  const written = fc.record({
    created: fc.boolean(),
    canceled: fc.boolean(),
    compactRevision: fc.nat(),
    events: fc.array(event),
  });
  fc.assert(
    fc.property(written, ({ created, canceled, compactRevision, events }) => {
      const bytes = answer.encode({
        header: {
          cluster_id: '14841639068965178418',
          member_id: '10276657743932975437',
          revision: '9',
          raft_term: '2',
        },
        ...{ watch_id: '3', created, canceled, compact_revision: String(compactRevision), cancel_reason: 'why' },
        events: events.map(({ type, key, value, modRevision }) => ({
          type: type === 'put' ? 'Put' : 'Delete',
          kv: { key: Buffer.from(key), value: Buffer.from(value), mod_revision: String(modRevision), version: '4' },
          prev_kv: { key: Buffer.from('before') },
        })),
      });
      expect(decodeWatch(bytes)).toEqual({
        ...{ created, canceled, compactRevision },
        events: events.map(({ type, key, value, modRevision }) => ({
          type,
          kv: { key: Buffer.from(key).toString(), value: Buffer.from(value), modRevision },
        })),
      });
    }),
  );
});

test('an event without a key, or one that ends too early, is refused', () => {
  expect(() => decodeWatch(answer.encode({ events: [{ type: 'Put' }] }))).toThrow(RangeError);
  const whole = answer.encode({ events: [{ kv: { key: Buffer.from('a'), mod_revision: '7' } }] });
  for (let length = 1; length < whole.length; length += 1)
    expect(() => decodeWatch(whole.subarray(0, length))).toThrow(RangeError);
});
