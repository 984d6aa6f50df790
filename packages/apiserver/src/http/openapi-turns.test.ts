/** What clients ask for to know all kinds is long, and made anew when they change: others have their turn meanwhile. */
import type { JsonObject } from '@skiff/api';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { expectMeasuredUnharmed } from './testing/invariants.ts';
import { type MeasuredServer, startMeasuredServer } from './testing/measured.ts';
import type { Reply } from './testing/server.ts';

// Hundreds of kinds: how long they take is the machine's affair.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const turnMs = 50;
const count = 300;

/** With a schema of some 25 kB. */
const customKind = (i: number): JsonObject => ({
  ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
  metadata: { name: `k${i}s.x.io` },
  spec: {
    ...{ group: 'x.io', scope: 'Namespaced', names: { plural: `k${i}s`, kind: `K${i}` } },
    versions: [{ ...{ name: 'v1', served: true, storage: true }, schema: { openAPIV3Schema: schema } }],
  },
});

const field = { type: 'object', description: 'What it is.', properties: { name: { type: 'string', maxLength: 63 } } };
const schema = {
  type: 'object',
  properties: { spec: { type: 'object', properties: Object.fromEntries(numbers(220).map((i) => [`f${i}`, field])) } },
};

function numbers(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}

let at: MeasuredServer;
let made = 0;
async function make(more: number): Promise<void> {
  const target = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions', namespace: '' };
  await at.make(
    target,
    numbers(more).map((i) => customKind(made + i)),
  );
  made += more;
  const last = `/apis/x.io/v1/namespaces/default/k${made - 1}s`;
  await vi.waitFor(async () => expect((await at.request(last)).status).toBe(200), { timeout: 30_000 });
}
beforeAll(async () => {
  at = await startMeasuredServer();
  await make(count);
});
afterAll(() => at.close());
expectMeasuredUnharmed(() => at);

it.each([
  ['JSON', { accept: 'application/json' }],
  ['protobuf', { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' }],
  [
    'compressed protobuf',
    { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 'accept-encoding': 'gzip' },
  ],
])('the v2 document as %s lets others have their turn', async (_, headers) => {
  let reply: Reply | undefined;
  const work = async (): Promise<void> => {
    await make(1);
    reply = await at.request('/openapi/v2', { headers });
  };
  const longest = await at.longestTurn(work, turnMs);
  expect(reply?.status).toBe(200);
  expect(longest).toBeLessThan(turnMs);
});
