/** What a webhook changed is looked at once more: by the built-in steps, and by the webhooks that ask for it. */
import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configMap, pod } from '../../registry/fixtures.ts';
import { createExtendedRegistry, type ExtendedRegistry } from '../testing.ts';
import {
  allow,
  configureWebhook,
  mutating,
  patched,
  requestOf,
  rulesFor,
  startWebhook,
  type TestWebhook,
} from '../testing-webhook.ts';

let memory: ExtendedRegistry;
let webhook: TestWebhook;
beforeEach(async () => {
  webhook = await startWebhook(allow);
  memory = await createExtendedRegistry({ tokens: { issue: async (_context, _account, request) => request } });
});
afterEach(async () => {
  await memory.close();
  await webhook.close();
});

const sidecar = patched({ op: 'add', path: '/spec/containers/-', value: { name: 'sidecar', image: 'i' } });
/** Adds something of its own, as long as that is not there. */
const adds =
  (key: string) =>
  (body: JsonObject): ReturnType<typeof allow> =>
    Object.hasOwn(requestOf(body).object.data as object, key)
      ? allow(body)
      : patched({ op: 'add', path: `/data/${key}`, value: 'x' })(body);
const asked = (): string[] =>
  webhook.requests.map((body) => Object.keys((requestOf(body).object.data as object) ?? {}).join(''));

test('an injected container gets its service account token and the limits of its namespace', async () => {
  const limits = [{ type: 'Container', defaultRequest: { cpu: '100m' } }];
  await memory.call.create('limitranges', 'default', { metadata: { name: 'l' }, spec: { limits } });
  await configureWebhook(memory, webhook, mutating, { rules: rulesFor(['pods'], ['CREATE']) });
  webhook.answer = sidecar;
  const made = await memory.call.create('pods', 'default', pod('p'));
  const [first, second, ...others] = (made.spec as { containers: JsonObject[] }).containers;
  expect(others).toEqual([]);
  expect(second).toMatchObject({ name: 'sidecar', resources: { requests: { cpu: '100m' } } });
  expect(second?.volumeMounts).toEqual(first?.volumeMounts);
  expect((made.spec as { volumes: JsonObject[] }).volumes).toHaveLength(1);
  expect(webhook.requests).toHaveLength(1);
});

test('a webhook that asks for it sees what the built-in steps made of the change', async () => {
  const limits = [{ type: 'Container', defaultRequest: { cpu: '100m' } }];
  await memory.call.create('limitranges', 'default', { metadata: { name: 'l' }, spec: { limits } });
  const rules = rulesFor(['pods'], ['CREATE']);
  await configureWebhook(memory, webhook, mutating, { rules, reinvocationPolicy: 'IfNeeded' });
  webhook.answer = (body) => (webhook.requests.length === 1 ? sidecar(body) : allow(body));
  await memory.call.create('pods', 'default', pod('p'));
  expect(webhook.requests).toHaveLength(2);
  expect(requestOf(webhook.requests[1] ?? {}).object).toMatchObject({
    spec: { containers: [{}, { name: 'sidecar', resources: { requests: { cpu: '100m' } } }] },
  });
});

test('its own change alone is no reason to ask a webhook again', async () => {
  await configureWebhook(memory, webhook, mutating, { reinvocationPolicy: 'IfNeeded' });
  webhook.answer = adds('b');
  await memory.call.create('configmaps', 'default', configMap('a'));
  expect(asked()).toEqual(['a']);
});

test('a patch that changes nothing is no reason either', async () => {
  await configureWebhook(memory, webhook, mutating, { reinvocationPolicy: 'IfNeeded' }, 'a-first');
  await configureWebhook(memory, webhook, mutating, {}, 'b-second');
  webhook.answer = patched({ op: 'replace', path: '/data/a', value: '1' });
  await memory.call.create('configmaps', 'default', configMap('a'));
  expect(asked()).toEqual(['a', 'a']);
});

test('there are two rounds at most, and webhooks that were passed over stay so', async () => {
  await configureWebhook(memory, webhook, mutating, { reinvocationPolicy: 'IfNeeded' }, 'a-first');
  await configureWebhook(memory, webhook, mutating, { reinvocationPolicy: 'IfNeeded' }, 'b-second');
  const isMarked = { matchConditions: [{ name: 'marked', expression: `'d' in object.data` }] };
  await configureWebhook(memory, webhook, mutating, { reinvocationPolicy: 'IfNeeded', ...isMarked }, '0-late');
  webhook.answer = (body, path) => {
    const round = webhook.requests.length > 2 ? 'd' : '';
    return adds((path.startsWith('/a') ? 'b' : 'c') + round)(body);
  };
  const made = await memory.call.create('configmaps', 'default', configMap('a'));
  // The second is asked again because the first changed the object after it.
  expect(asked()).toEqual(['a', 'ab', 'abc', 'abcbd']);
  expect(made.data).toEqual({ a: '1', b: 'x', c: 'x', bd: 'x', cd: 'x' });
});
