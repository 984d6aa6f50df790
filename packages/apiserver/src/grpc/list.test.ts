/** Lists over gRPC are one message each: what it costs others while it is made and sent, and what it costs in memory. */
import { once } from 'node:events';
import { connect } from 'node:http2';
import type { JsonObject } from '@skiff/api';
import { type Encoding, type ObjectList, services } from '@skiff/api/wire';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { expectMeasuredUnharmed } from '../http/testing/invariants.ts';
import { type MeasuredServer, startMeasuredServer } from '../http/testing/measured.ts';
import { frameHead } from './messages.ts';
import { clients } from './testing/clients.ts';

// Thousands of objects: how long they take is the machine's affair.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

type List = (request: object, done: (error: Error | null, list: ObjectList) => void) => void;

const turnMs = 50;
const count = 3000;
const megabyte = 1024 * 1024;
const target = { group: '', version: 'v1', resource: 'pods', namespace: 'default', name: '', subresource: '' };

/** Of 3.8 kB as stored. */
const pod = (i: number): JsonObject => ({
  metadata: { name: `p${i}`, annotations: { by: 'née' } },
  spec: {
    containers: [
      {
        name: 'c',
        image: 'i',
        env: Array.from({ length: 25 }, (_, at) => ({ name: `VARIABLE_${at}`, value: `v${i}` })),
      },
    ],
  },
});

let at: MeasuredServer;
let list: (accept: Encoding) => Promise<ObjectList>;
beforeAll(async () => {
  at = await startMeasuredServer();
  await at.make({ ...target, resource: 'serviceaccounts' }, [{ metadata: { name: 'default' } }]);
  await at.make(
    target,
    Array.from({ length: count }, (_, i) => pod(i)),
  );
  const client = at.grpc<{ List: List }>(clients.Resources, at.admin, { 'grpc.max_receive_message_length': -1 });
  list = (accept) =>
    new Promise((resolve, reject) => {
      client.List({ target, accept }, (error, answer) => (error === null ? resolve(answer) : reject(error)));
    });
});
afterAll(() => at.close());
expectMeasuredUnharmed(() => at);

it.each<[Encoding, (list: ObjectList) => number]>([
  ['ENCODING_JSON', ({ items }) => items.length],
  ['ENCODING_PROTOBUF', ({ messages }) => messages.length],
  ['ENCODING_TABLE', ({ items }) => JSON.parse(items[0] ?? '').rows.length],
])('a long list as %s is whole and lets others have their turn', async (accept, lengthOf) => {
  let answer: ObjectList | undefined;
  const longest = await at.longestTurn(async () => {
    answer = await list(accept);
  }, turnMs);
  if (answer !== undefined) expect(lengthOf(answer)).toBe(count);
  expect(longest).toBeLessThan(turnMs);
});

it('long lists that nobody reads take no memory', async () => {
  const { ca, admin, grpcAddress } = at;
  const tls = { ca: ca.certificatePem, cert: admin.certificatePem, key: admin.keyPem, servername: 'localhost' };
  const session = connect(`https://${grpcAddress}`, { ...tls, settings: { initialWindowSize: 0 } });
  await once(session, 'remoteSettings');
  const request = services.Resources.List?.requestSerialize({ target }) ?? Buffer.alloc(0);
  const before = await at.memory();
  for (let i = 0; i < 20; i++) {
    const stream = session.request({
      ...{ ':method': 'POST', ':path': '/skiff.v1.Resources/List', 'content-type': 'application/grpc' },
    });
    stream.on('error', () => {});
    stream.end(Buffer.concat([frameHead(request.length), request]));
    await once(stream, 'response');
  }
  expect((await at.memory()) - before).toBeLessThan(64 * megabyte);
  session.destroy();
});
