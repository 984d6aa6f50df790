import fc from 'fast-check';
import { expect, test } from 'vitest';
import { etcdMessages } from '../testing/etcd-messages.ts';
import { decodeTxn, encodeTxn, type Guarded, type TxnRequest } from './txn.ts';

const { request, answer } = etcdMessages('KV', 'Txn');

const keys = fc.string({ minLength: 1, maxLength: 20 });
const values = fc.string({ maxLength: 300 });
const revisions = fc.bigInt({ min: 0n, max: 2n ** 53n - 1n });
const guarded = fc.record({ key: keys, value: fc.option(values), modRevision: revisions });
type Write = typeof guarded extends fc.Arbitrary<infer T> ? T : never;

const toGuarded = ({ key, value, modRevision }: Write): Guarded => ({
  key: Buffer.from(key),
  modRevision,
  operation: value === null ? { type: 'delete' } : { type: 'put', value: Buffer.from(value) },
});

/** As etcd's own definitions have it. */
const asMessage = ({ key, value, modRevision }: Write): object => ({
  compare: [{ target: 'Mod', target_union: 'mod_revision', key: Buffer.from(key), mod_revision: String(modRevision) }],
  success: [
    value === null
      ? { request_delete_range: { key: Buffer.from(key) } }
      : { request_put: { key: Buffer.from(key), value: Buffer.from(value) } },
  ],
  failure: [{ request_range: { key: Buffer.from(key) } }],
});

test('writes are asked for as etcd defines it: one alone, several each in a transaction of its own', () => {
  fc.assert(
    fc.property(fc.array(guarded, { minLength: 1, maxLength: 20 }), (writes) => {
      const [first] = writes;
      const expected =
        writes.length === 1 && first !== undefined
          ? asMessage(first)
          : { success: writes.map((write) => ({ request_txn: asMessage(write) })) };
      const encoded = encodeTxn({ type: 'write', writes: writes.map(toGuarded) });
      expect(request.decode(encoded)).toEqual(request.decode(request.encode(expected)));
    }),
  );
});

test('reads are asked for as etcd defines it', () => {
  fc.assert(
    fc.property(fc.array(keys, { maxLength: 50 }), (read) => {
      const encoded = encodeTxn({ type: 'read', keys: read.map((key) => Buffer.from(key)) });
      const expected = { success: read.map((key) => ({ request_range: { key: Buffer.from(key) } })) };
      expect(request.decode(encoded)).toEqual(request.decode(request.encode(expected)));
    }),
  );
});

const header = { cluster_id: '14841639068965178418', member_id: '10276657743932975437', raft_term: '2' };
const found = fc.option(
  fc.record({ key: keys, value: values, modRevision: fc.bigInt({ min: 1n, max: 2n ** 53n - 1n }) }),
);
type Found = typeof found extends fc.Arbitrary<infer T> ? T : never;

const range = (kv: Found): object => ({
  response_range: {
    header: { revision: '7' },
    kvs:
      kv === null
        ? []
        : [
            {
              ...{ key: Buffer.from(kv.key), value: Buffer.from(kv.value), mod_revision: String(kv.modRevision) },
              ...{ create_revision: '3', version: '12', lease: '5' },
            },
          ],
    count: kv === null ? '0' : '1',
  },
});

const inWords = (kv: Found) =>
  kv === null ? undefined : { ...kv, key: Buffer.from(kv.key).toString(), value: Buffer.from(kv.value) };

test('what came of writes and reads is read as etcd writes it', () => {
  const outcome = fc.record({ succeeded: fc.boolean(), found });
  fc.assert(
    fc.property(fc.array(outcome, { minLength: 1, maxLength: 20 }), fc.boolean(), (outcomes, reads) => {
      const own = (one: { succeeded: boolean; found: Found }): object =>
        one.succeeded
          ? { succeeded: true, responses: [{ response_put: { header: { revision: '7' } } }] }
          : { succeeded: false, responses: [range(one.found)] };
      const [first] = outcomes;
      const message = reads
        ? { succeeded: true, responses: outcomes.map((one) => range(one.found)) }
        : outcomes.length === 1 && first !== undefined
          ? own(first)
          : { succeeded: true, responses: outcomes.map((one) => ({ response_txn: own(one) })) };
      const bytes = answer.encode({ ...message, header: { ...header, revision: String(2n ** 52n) } });
      const decoded = decodeTxn(bytes, {
        type: reads ? 'read' : 'write',
        keys: [],
        writes: outcomes.map(() => toGuarded({ key: 'a', value: null, modRevision: 0n })),
      } as TxnRequest);
      expect(decoded.header.revision).toBe(2n ** 52n);
      expect(decoded.outcomes).toEqual(
        outcomes.map((one) =>
          reads
            ? { succeeded: true, found: inWords(one.found) }
            : { succeeded: one.succeeded, found: one.succeeded ? undefined : inWords(one.found) },
        ),
      );
    }),
  );
});

test('an answer that ends too early is refused', () => {
  const whole = answer.encode({ header: { ...header, revision: '5' }, succeeded: true });
  const request: TxnRequest = { type: 'read', keys: [] };
  expect(decodeTxn(whole, request).outcomes).toEqual([]);
  for (const length of [1, whole.length - 3, whole.length - 1])
    expect(() => decodeTxn(whole.subarray(0, length), request)).toThrow(RangeError);
});
