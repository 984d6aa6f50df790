/** Definitions that mean no good, over the REST door, by the numbers of the list of hostile inputs. */
import type { JsonObject } from '@skiff/api';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { expectMeasuredUnharmed } from '../../http/testing/invariants.ts';
import { type MeasuredServer, startMeasuredServer } from '../../http/testing/measured.ts';
import type { Reply } from '../../http/testing/server.ts';
import type { JsonSchema } from '../schema/json-schema.ts';
import { sentWidget, specSchema, version, widgets } from '../testing.ts';

let at: MeasuredServer;
beforeAll(async () => {
  at = await startMeasuredServer();
});
afterAll(() => at.close());
expectMeasuredUnharmed(() => at);

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const of = '/apis/x.io/v1/namespaces/default/widgets';
const turnMs = 50;
const nested = (levels: number, wrap: (inner: JsonSchema) => JsonSchema): JsonSchema => {
  let schema: JsonSchema = { type: 'string' };
  for (let level = 0; level < levels; level++) schema = wrap(schema);
  return schema;
};
const wide = (count: number): Record<string, JsonSchema> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, { type: 'string' }]));
const withSchema = (properties: Record<string, JsonSchema>): JsonObject =>
  widgets({ versions: [version(specSchema(properties))] });

it.each<[string, () => JsonObject, readonly number[]]>([
  ['H-231 a schema with $ref', () => withSchema({ a: { type: 'string', $ref: '#/definitions/a' } }), [422]],
  [
    'H-232 a thousand levels',
    () => withSchema({ a: nested(1000, (a) => ({ type: 'object', properties: { a } })) }),
    [400],
  ],
  ['H-232 400 levels', () => withSchema({ a: nested(400, (a) => ({ type: 'object', properties: { a } })) }), [201]],
  ['H-232 10 000 properties', () => withSchema(wide(10_000)), [201]],
  ['H-232 1 MiB of schema', () => withSchema({ a: { type: 'string', description: 'd'.repeat(1024 * 1024) } }), [201]],
  [
    'H-232 allOf in allOf',
    () => withSchema({ a: { type: 'string', allOf: [nested(400, (a) => ({ allOf: [a] }))] } }),
    [422],
  ],
  [
    'H-233 a rule that costs too much',
    () =>
      withSchema({
        a: {
          ...{ type: 'array', items: { type: 'array', items: { type: 'string' } } },
          'x-kubernetes-validations': [{ rule: 'self.all(x, self.all(y, x.all(z, y.all(w, z == w))))' }],
        },
      }),
    [422],
  ],
])('%s costs little and is answered', async (_, make, codes) => {
  const body = make();
  let reply: Reply | undefined;
  const work = async () => (reply = await at.create(`${crds}?dryRun=All`, body));
  expect(await at.longestTurn(work, turnMs)).toBeLessThan(turnMs);
  expect(codes, reply?.text.slice(0, 500)).toContain(reply?.status);
});

it('H-234 a rule that runs long on a real object is refused at its budget', async () => {
  const rule = 'self.all(a, self.all(b, a != b || a == b))';
  const list: JsonSchema = {
    ...{ type: 'array', maxItems: 1000, items: { type: 'integer' } },
    'x-kubernetes-validations': [{ rule }],
  };
  expect((await at.create(crds, withSchema({ list }))).status).toBe(201);
  await vi.waitFor(async () => expect((await at.request(of)).status).toBe(200), 30_000);
  const long = Array.from({ length: 1000 }, (_, i) => i);
  let reply: Reply | undefined;
  const work = async () => (reply = await at.create(of, sentWidget('long', { list: long })));
  expect(await at.longestTurn(work, turnMs)).toBeLessThan(turnMs);
  expect([reply?.status, JSON.parse(reply?.text ?? '').message]).toEqual([
    422,
    expect.stringContaining('actual cost limit exceeded'),
  ]);
  await at.request(`${crds}/widgets.x.io`, { method: 'DELETE' });
  await vi.waitFor(async () => expect((await at.request(of)).status).toBe(404), 30_000);
});

it('H-237 a definition that goes takes a hundred watches and a running list along', async () => {
  await at.create(crds, withSchema({ a: { type: 'string' } }));
  await vi.waitFor(async () => expect((await at.request(of)).status).toBe(200), 30_000);
  for (let i = 0; i < 20; i++)
    expect((await at.create(of, sentWidget(`w${i}`, { a: 'x'.repeat(10_000) }))).status).toBe(201);
  const watches = Array.from({ length: 100 }, () => at.request(`${of}?watch=1`));
  const list = at.request(of);
  expect((await at.request(`${crds}/widgets.x.io`, { method: 'DELETE' })).status).toBe(200);
  for (const watch of await Promise.all(watches)) expect([200, 404]).toContain(watch.status);
  expect([200, 404]).toContain((await list).status);
  await vi.waitFor(async () => expect((await at.request(of)).status).toBe(404), 30_000);
});
