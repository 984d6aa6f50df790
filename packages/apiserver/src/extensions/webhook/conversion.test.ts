import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { statusOf, target, testContext, watchOptions } from '../../registry/testing.ts';
import { createExtendedRegistry, type ExtendedRegistry, version, widget, widgets } from '../testing.ts';
import { startWebhook, type TestWebhook } from '../testing-webhook.ts';

let memory: ExtendedRegistry;
let webhook: TestWebhook;

type Review = { request: { uid: string; desiredAPIVersion: string; objects: JsonObject[] } };
const success = (body: JsonObject, convertedObjects: JsonObject[]): JsonObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'ConversionReview',
  response: { uid: (body as unknown as Review).request.uid, result: { status: 'Success' }, convertedObjects },
});

/** v1 has `spec.size`, v2 `spec.length`. */
const rename = (body: JsonObject): JsonObject => {
  const { desiredAPIVersion, objects } = (body as unknown as Review).request;
  const [from, to] = desiredAPIVersion === 'x.io/v2' ? ['size', 'length'] : ['length', 'size'];
  return success(
    body,
    objects.map((object) => {
      const { [from]: value, ...rest } = (object.spec ?? {}) as JsonObject;
      return { ...object, apiVersion: desiredAPIVersion, spec: { ...rest, [to]: value ?? 0 } };
    }),
  );
};

const versioned = (name: string, field: string, storage: boolean): JsonObject =>
  version(
    { type: 'object', properties: { spec: { type: 'object', properties: { [field]: { type: 'integer' } } } } },
    { name, storage, selectableFields: [{ jsonPath: `.spec.${field}` }] },
  );

beforeEach(async () => {
  memory = await createExtendedRegistry();
  webhook = await startWebhook(rename);
  await memory.define(
    widgets({
      versions: [versioned('v1', 'size', false), versioned('v2', 'length', true)],
      spec: {
        conversion: {
          strategy: 'Webhook',
          webhook: {
            clientConfig: { url: `${webhook.url}/convert`, caBundle: webhook.caBundle },
            conversionReviewVersions: ['v1'],
          },
        },
      },
    }),
  );
});
afterEach(async () => {
  await memory.close();
  await webhook.close();
});

const v1 = 'x.io/v1/widgets';
const v2 = 'x.io/v2/widgets';

describe('conversion by a webhook', () => {
  test('shows objects at each version and stores them at one', async () => {
    const made = await memory.call.create(v1, 'default', widget('a', { spec: { size: 3 } }));
    expect(made).toMatchObject({ apiVersion: 'x.io/v1', spec: { size: 3 }, metadata: { name: 'a' } });
    const stored = await memory.store.get('/registry/x.io/widgets/default/a');
    expect(JSON.parse(stored?.text ?? '')).toMatchObject({ apiVersion: 'x.io/v2', spec: { length: 3 } });
    expect(await memory.call.get(v2, 'default', 'a')).toMatchObject({ spec: { length: 3 } });
    const changed = await memory.call.patch(v1, 'default', 'a', 'merge', { spec: { size: 4 } });
    expect(changed).toMatchObject({ spec: { size: 4 }, metadata: { generation: 2 } });
    const applied = await memory.call.apply(
      v1,
      'default',
      'b',
      { apiVersion: 'x.io/v1', kind: 'Widget', ...widget('b', { spec: { size: 7 } }) },
      'me',
    );
    expect(applied).toMatchObject({ spec: { size: 7 } });
  });

  test('comes before selecting by fields: each version has its own', async () => {
    for (const [name, length] of [
      ['a', 1],
      ['b', 2],
      ['c', 1],
    ] as const)
      await memory.call.create(v2, 'default', widget(name, { spec: { length } }));
    const by = (fieldSelector: string) => ({ fieldSelector });
    expect(await memory.call.names(v2, 'default', by('spec.length=1'))).toEqual(['a', 'c']);
    expect(await memory.call.names(v1, 'default', by('spec.size=1'))).toEqual(['a', 'c']);
    expect(await memory.call.names(v1, 'default', { ...by('spec.size=1'), limit: 1 })).toEqual(['a']);
    expect(await memory.call.names(v1, 'default', by('spec.size!=1,metadata.name!=x'))).toEqual(['b']);
    expect(
      await memory.call.names(v1, 'default', {
        ...by('spec.size=2'),
        resourceVersionMatch: 'Exact',
        resourceVersion: String(memory.cache.revision),
      }),
    ).toEqual(['b']);
    expect(await statusOf(memory.call.names(v1, 'default', by('spec.length=1')))).toMatchObject({ code: 400 });
    const stop = new AbortController();
    const query = watchOptions(by('spec.size=2'));
    const events = await memory.registry.watch(testContext(stop.signal), target(v1, 'default'), query);
    const seen: string[] = [];
    const watching = (async () => {
      for await (const batch of events)
        for (const { type, text } of batch) seen.push(`${type} ${JSON.parse(text).metadata.name}`);
    })();
    await vi.waitFor(() => expect(seen).toEqual(['ADDED b']), 30_000);
    await memory.call.patch(v2, 'default', 'a', 'merge', { spec: { length: 2 } });
    await memory.call.patch(v2, 'default', 'b', 'merge', { spec: { length: 3 } });
    await memory.call.patch(v2, 'default', 'c', 'merge', { spec: { length: 4 } });
    await memory.call.remove(v2, 'default', 'a');
    await vi.waitFor(() => expect(seen).toEqual(['ADDED b', 'ADDED a', 'DELETED b', 'DELETED a']), 30_000);
    stop.abort();
    await watching;
  });

  test('a watch from a version on knows what was selected before it', async () => {
    for (const [name, length] of [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ] as const)
      await memory.call.create(v2, 'default', widget(name, { spec: { length } }));
    const stop = new AbortController();
    const query = watchOptions({ fieldSelector: 'spec.size=2', resourceVersion: String(memory.cache.revision) });
    const events = await memory.registry.watch(testContext(stop.signal), target(v1, 'default'), query);
    await memory.call.patch(v2, 'default', 'a', 'merge', { spec: { length: 5 } });
    await memory.call.remove(v2, 'default', 'c');
    await memory.call.patch(v2, 'default', 'a', 'merge', { spec: { length: 2 } });
    await memory.call.patch(v2, 'default', 'b', 'merge', { spec: { length: 1 } });
    const seen: string[] = [];
    for await (const batch of events) {
      for (const { type, text } of batch) seen.push(`${type} ${JSON.parse(text).metadata.name}`);
      if (seen.length >= 2) break;
    }
    stop.abort();
    expect(seen).toEqual(['ADDED a', 'DELETED b']);
  });

  test('converts a list in one call, and the events of a watch', async () => {
    for (const name of ['a', 'b', 'c']) await memory.call.create(v2, 'default', widget(name, { spec: { length: 1 } }));
    const before = webhook.requests.length;
    const stop = new AbortController();
    const events = await memory.registry.watch(testContext(stop.signal), target(v1, 'default'), watchOptions());
    expect(await memory.call.names(v1, 'default')).toEqual(['a', 'b', 'c']);
    expect(webhook.requests.length - before).toBe(1);
    const seen: unknown[] = [];
    for await (const batch of events) {
      for (const event of batch) seen.push(JSON.parse(event.text).spec);
      if (seen.length >= 3) break;
    }
    stop.abort();
    expect(seen).toEqual([{ size: 1 }, { size: 1 }, { size: 1 }]);
  });

  test.each<[string, TestWebhook['answer'], string]>([
    [
      'says why not',
      (body) => ({
        ...success(body, []),
        response: { uid: (body as unknown as Review).request.uid, result: { status: 'Failed', message: 'no way' } },
      }),
      'no way',
    ],
    [
      'answers another request',
      (body) => success({ request: { uid: 'other' }, ...{ body } } as unknown as JsonObject, []),
      'expected response.uid=',
    ],
    ['loses objects', (body) => success(body, []), 'returned 0 objects, expected 1'],
    [
      'changes names',
      (body) =>
        success(
          body,
          (body as unknown as Review).request.objects.map((each) => ({
            ...each,
            apiVersion: 'x.io/v1',
            metadata: { name: 'z' },
          })),
        ),
      'must have the same name: a != z',
    ],
    ['answers no document', () => ({ status: 200, raw: 'secret' }), 'json parse error'],
    [
      'redirects',
      () => ({ status: 302, headers: { location: 'https://127.0.0.1:1/' }, raw: 'secret' }),
      'the server responded with the status code 302',
    ],
  ])('that %s is a fault of the server', async (_, answer, why) => {
    await memory.call.create(v2, 'default', widget('a', { spec: { length: 1 } }));
    webhook.answer = answer;
    const status = await statusOf(memory.call.get(v1, 'default', 'a'));
    expect(status).toMatchObject({ code: 500, message: expect.stringContaining(why) });
    expect(status).not.toHaveProperty('reason');
    expect(status.message).toMatch(/^conversion webhook for x\.io\/v2, Kind=Widget /);
    expect(status.message).not.toContain('secret');
    expect(await memory.call.get(v2, 'default', 'a')).toMatchObject({ spec: { length: 1 } });
  });

  test('of an unverified server fails', async () => {
    await memory.call.create(v2, 'default', widget('a', { spec: { length: 1 } }));
    const other = await startWebhook(rename);
    await other.close();
    await memory.call.patch('apiextensions.k8s.io/v1/customresourcedefinitions', '', 'widgets.x.io', 'merge', {
      spec: { conversion: { webhook: { clientConfig: { caBundle: other.caBundle } } } },
    });
    await expect
      .poll(async () => (await statusOf(memory.call.get(v1, 'default', 'a'))).message)
      .toContain('x509: certificate signed by unknown authority');
  });
});
