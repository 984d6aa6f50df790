import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configMap } from '../../registry/fixtures.ts';
import { statusOf, target, testContext, writeOptions } from '../../registry/testing.ts';
import { createExtendedRegistry, type ExtendedRegistry, widget, widgets, widgetsOf } from '../testing.ts';
import {
  allow,
  answer,
  configureWebhook,
  deny,
  mutating,
  patched,
  type Reply,
  requestOf,
  startWebhook,
  type TestWebhook,
  validating,
} from '../testing-webhook.ts';

let memory: ExtendedRegistry;
let webhook: TestWebhook;

beforeEach(async () => {
  memory = await createExtendedRegistry();
  webhook = await startWebhook(allow);
});
afterEach(async () => {
  await memory.close();
  await webhook.close();
});

const configure = (of: string, more: JsonObject = {}, name = 'one') =>
  configureWebhook(memory, webhook, of, more, name);
const create = (name: string) => memory.call.create('configmaps', 'default', configMap(name));

describe('a mutating webhook', () => {
  test('is told what happens, and changes objects', async () => {
    await configure(mutating);
    webhook.answer = patched({ op: 'add', path: '/data/b', value: 'x' });
    expect((await create('a')).data).toEqual({ a: '1', b: 'x' });
    const [first] = webhook.requests;
    expect(first).toMatchObject({
      kind: 'AdmissionReview',
      request: {
        kind: { group: '', version: 'v1', kind: 'ConfigMap' },
        resource: { group: '', version: 'v1', resource: 'configmaps' },
        name: 'a',
        namespace: 'default',
        operation: 'CREATE',
        userInfo: { username: 'admin' },
        object: { data: { a: '1' } },
        oldObject: null,
        dryRun: false,
      },
    });
    webhook.answer = allow;
    await memory.call.remove('configmaps', 'default', 'a');
    expect(webhook.requests.at(-1)).toMatchObject({
      request: { operation: 'DELETE', object: null, oldObject: { metadata: { name: 'a' } } },
    });
  });

  test('is told of dependents in the form the caller chose', async () => {
    await create('a');
    await configure(mutating);
    const options = { dryRun: true, gracePeriodSeconds: undefined, propagationPolicy: 'Background' } as const;
    const preconditions = { uid: undefined, resourceVersion: undefined };
    const one = target('configmaps', 'default', 'a');
    await memory.registry.delete(testContext(), one, { ...options, orphanDependents: false, preconditions });
    const head = { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', dryRun: ['All'] };
    expect(webhook.requests.map((each) => requestOf(each).options)).toEqual([{ ...head, orphanDependents: false }]);
  });

  test('is told the options as the caller gave them', async () => {
    await configure(mutating);
    const at = target('configmaps', 'default');
    const write = { dryRun: true, fieldManager: 'kubectl', fieldValidation: 'Strict' } as const;
    await memory.registry.create(testContext(), at, { document: configMap('a'), duplicates: [] }, write);
    await create('b');
    const patch = { type: 'merge', patch: { data: { c: '3' } }, duplicates: [], force: false } as const;
    const one = target('configmaps', 'default', 'b');
    await memory.registry.patch(testContext(), one, patch, { ...write, dryRun: false, fieldValidation: '' });
    const deletion = { dryRun: true, gracePeriodSeconds: 0, propagationPolicy: 'Orphan' } as const;
    const { uid } = (await memory.call.get('configmaps', 'default', 'b')).metadata as { uid: string };
    const preconditions = { uid, resourceVersion: undefined };
    await memory.registry.delete(testContext(), one, { ...deletion, preconditions });
    const apiVersion = 'meta.k8s.io/v1';
    const dryRun = ['All'];
    expect(webhook.requests.map((each) => requestOf(each).options)).toEqual([
      { kind: 'CreateOptions', apiVersion, dryRun, fieldManager: 'kubectl', fieldValidation: 'Strict' },
      expect.objectContaining({ kind: 'CreateOptions' }),
      { kind: 'UpdateOptions', apiVersion, fieldManager: 'kubectl' },
      { kind: 'DeleteOptions', apiVersion, ...deletion, dryRun, preconditions: { uid } },
    ]);
  });

  test('is asked again when a later one changed what it left', async () => {
    await configure(mutating, { reinvocationPolicy: 'IfNeeded' }, 'a-first');
    await configure(mutating, {}, 'b-second');
    webhook.answer = (body, path) =>
      path.startsWith('/b-') ? patched({ op: 'add', path: '/data/b', value: 'x' })(body) : allow(body);
    await create('a');
    expect(webhook.requests.map((each) => Object.keys((requestOf(each).object.data as object) ?? {}))).toEqual([
      ['a'],
      ['a'],
      ['a', 'b'],
    ]);
  });

  test('changes custom objects, which stay valid', async () => {
    await memory.define(widgets());
    await configure(mutating, {
      rules: [{ operations: ['CREATE'], apiGroups: ['x.io'], apiVersions: ['*'], resources: ['*'] }],
    });
    webhook.answer = patched({ op: 'add', path: '/spec', value: { size: 7, odd: 1 } });
    expect((await memory.call.create(widgetsOf, 'default', widget('a'))).spec).toEqual({ size: 7 });
    webhook.answer = patched({ op: 'add', path: '/spec', value: { size: 'x' } });
    expect(await statusOf(memory.call.create(widgetsOf, 'default', widget('b')))).toMatchObject({ code: 422 });
  });
});

describe('a validating webhook', () => {
  test.each([
    [undefined, 400, 'admission webhook "one.x.io" denied the request without explanation'],
    [{ message: 'no' }, 400, 'admission webhook "one.x.io" denied the request: no'],
    [{ reason: 'Because', code: 200 }, 400, 'admission webhook "one.x.io" denied the request: Because'],
    [{ message: 'no', code: 403, reason: 'Forbidden' }, 403, 'admission webhook "one.x.io" denied the request: no'],
  ])('denies with %j', async (status, code, message) => {
    await configure(validating);
    webhook.answer = deny(status as JsonObject | undefined);
    expect(await statusOf(create('a'))).toMatchObject({ code, message });
  });

  test('warns', async () => {
    await configure(validating);
    webhook.answer = (body) => answer(body, { allowed: true, warnings: ['careful'] });
    const context = testContext();
    const body = { document: configMap('a'), duplicates: [] };
    await memory.registry.create(context, target('configmaps', 'default'), body, writeOptions());
    expect(context.warnings).toEqual(['careful']);
  });

  test('notes something about a request, refused or not', async () => {
    const notes: unknown[] = [];
    const noting = await createExtendedRegistry({ audit: ({ target: { name } }, said) => notes.push([name, said]) });
    await configureWebhook(noting, webhook, validating, {}, 'one');
    for (const allowed of [true, false]) {
      const auditAnnotations = { seen: 'yes', 'a/b': '', odd: 1 };
      webhook.answer = (body) => answer(body, { allowed, auditAnnotations });
      await noting.call.create('configmaps', 'default', configMap(`is-${allowed}`)).catch(() => undefined);
    }
    const said = { 'one.x.io/seen': 'yes', 'one.x.io/a/b': '' };
    expect(notes).toEqual([
      ['is-true', said],
      ['is-false', said],
    ]);
    await noting.close();
  });

  test('is asked about what its selectors and conditions select', async () => {
    await configure(validating, { objectSelector: { matchLabels: { ask: 'yes' } } }, 'labelled');
    await configure(
      validating,
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } } },
      'elsewhere',
    );
    await configure(
      validating,
      { matchConditions: [{ name: 'named', expression: 'object.metadata.name.startsWith("x")' }] },
      'conditional',
    );
    const asked = async (object: JsonObject): Promise<string[]> => {
      const paths: string[] = [];
      webhook.answer = (body, path) => {
        paths.push(path.split('?')[0] ?? '');
        return allow(body);
      };
      await memory.call.create('configmaps', 'default', object);
      return paths;
    };
    expect(await asked(configMap('a'))).toEqual([]);
    expect(await asked({ ...configMap('b'), metadata: { name: 'b', labels: { ask: 'yes' } } })).toEqual(['/labelled']);
    expect(await asked(configMap('xa'))).toEqual(['/conditional']);
  });

  test('sees an equivalent version when its rules name that one', async () => {
    await configure(validating, {
      rules: [{ operations: ['CREATE'], apiGroups: ['autoscaling'], apiVersions: ['v2'], resources: ['*'] }],
    });
    const spec = {
      maxReplicas: 3,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
      targetCPUUtilizationPercentage: 50,
    };
    await memory.call.create('autoscaling/v1/horizontalpodautoscalers', 'default', { metadata: { name: 'a' }, spec });
    expect(webhook.requests.at(-1)).toMatchObject({
      request: {
        kind: { version: 'v2' },
        requestKind: { version: 'v1' },
        object: { spec: { metrics: [{ type: 'Resource' }] } },
      },
    });
  });

  test('with side effects is no part of a dry run', async () => {
    await configure(validating, { sideEffects: 'NoneOnDryRun' });
    await memory.call.create('configmaps', 'default', configMap('a'), { dryRun: true });
    expect(webhook.requests).toHaveLength(1);
  });

  test('never keeps anybody from changing the configurations themselves', async () => {
    await configure(validating, {
      rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }],
    });
    webhook.answer = deny();
    await memory.call.remove(validating, '', 'one');
  });
});

describe('a webhook that fails', () => {
  test.each<[string, TestWebhook['answer'], string]>([
    [
      'H-203 answers another request',
      () => ({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: 'x', allowed: true } }),
      'received invalid webhook response: expected response.uid=',
    ],
    ['answers no document', () => ({ status: 200, raw: 'secret' }), 'failed to call webhook: '],
    [
      'H-203 answers far too much',
      () => ({ status: 200, raw: 'x'.repeat(100 * 1024 * 1024) }),
      'the answer is larger than 4194304 bytes',
    ],
    [
      'H-202 redirects',
      () => ({ status: 307, headers: { location: 'http://169.254.169.254/' }, raw: 'secret' }),
      'the server responded with the status code 307',
    ],
    [
      'H-203 reaches for prototypes',
      patched({ op: 'add', path: '/__proto__/polluted', value: true }),
      'received an unusable patch in webhook response',
    ],
    ['H-203 takes too long', () => new Promise<Reply>(() => {}), 'context deadline exceeded'],
  ])('because it %s', async (_, reply, why) => {
    await configure(mutating, { timeoutSeconds: 1, failurePolicy: 'Fail' });
    webhook.answer = reply;
    const status = await statusOf(create('a'));
    expect(status).toMatchObject({
      code: 500,
      message: expect.stringContaining(`failed calling webhook "one.x.io": `),
    });
    expect(status.message).toContain(why);
    expect(status.message).not.toContain('secret');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    await memory.call.patch(mutating, '', 'one', 'json', [
      { op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' },
    ]);
    await memory.settle();
    expect(await create('b')).toMatchObject({ data: { a: '1' } });
  });

  test('H-202 may not be configured', async () => {
    await expect(configure(validating, { clientConfig: { url: 'http://127.0.0.1/' } })).rejects.toThrow(
      "'https' is the only allowed URL scheme",
    );
    await expect(configure(validating, { matchConditions: [{ name: 'a', expression: 'nonsense(' }] })).rejects.toThrow(
      'compilation failed',
    );
    await expect(configure(validating, { matchConditions: [{ name: 'a', expression: '1' }] })).rejects.toThrow(
      'must evaluate to bool',
    );
  });
});
