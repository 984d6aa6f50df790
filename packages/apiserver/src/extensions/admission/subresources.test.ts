/** What webhooks are shown of subresources: the kind that travels, never what it stands for. */
import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deployment, pod } from '../../registry/fixtures.ts';
import { statusOf, target, testContext, writeOptions } from '../../registry/testing.ts';
import { createExtendedRegistry, type ExtendedRegistry, version, widget, widgets, widgetsOf } from '../testing.ts';
import {
  allow,
  configureWebhook,
  deny,
  mutating,
  patched,
  requestOf,
  rulesFor,
  startWebhook,
  type TestWebhook,
  validating,
} from '../testing-webhook.ts';

let memory: ExtendedRegistry;
let webhook: TestWebhook;
beforeEach(async () => {
  webhook = await startWebhook(allow);
  memory = await createExtendedRegistry({
    tokens: { issue: async (_context, _account, request) => ({ ...request, status: { token: 't' } }) },
  });
});
afterEach(async () => {
  await memory.close();
  await webhook.close();
});

const both = async (more: JsonObject): Promise<void> => {
  await configureWebhook(memory, webhook, mutating, more, 'first');
  await configureWebhook(memory, webhook, validating, more, 'second');
};
const shown = (): JsonObject[] => webhook.requests.map(requestOf);
const create = (of: string, name: string, document: JsonObject) =>
  memory.registry.create(testContext(), target(of, 'default', name), { document, duplicates: [] }, writeOptions());

describe('a webhook', () => {
  test('on scale sees the Scale that is, and the one that is to be', async () => {
    await memory.call.create('apps/v1/deployments', 'default', deployment('d', { replicas: 2 }));
    await both({ rules: rulesFor(['deployments/scale'], ['UPDATE'], 'apps') });
    await memory.call.patch('apps/v1/deployments/scale', 'default', 'd', 'merge', { spec: { replicas: 3 } });
    const wanted = {
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      requestKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      resource: { group: 'apps', version: 'v1', resource: 'deployments' },
      subResource: 'scale',
      name: 'd',
      operation: 'UPDATE',
      object: { kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 3 } },
      oldObject: { kind: 'Scale', spec: { replicas: 2 } },
    };
    expect(shown()).toMatchObject([wanted, wanted]);
    webhook.answer = (body, path) =>
      path.startsWith('/first') ? patched({ op: 'replace', path: '/spec/replicas', value: 5 })(body) : allow(body);
    const now = await memory.call.patch('apps/v1/deployments/scale', 'default', 'd', 'merge', {
      spec: { replicas: 4 },
    });
    expect(now).toMatchObject({ kind: 'Scale', spec: { replicas: 5 } });
    expect(await memory.call.get('apps/v1/deployments', 'default', 'd')).toMatchObject({ spec: { replicas: 5 } });
  });

  test('on the scale of a custom kind sees a Scale too', async () => {
    const scale = { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' };
    const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;
    await memory.define(widgets({ versions: [version(schema, { subresources: { scale } })] }));
    await memory.call.create(widgetsOf, 'default', widget('a', { spec: { size: 1 } }));
    await both({ rules: rulesFor(['widgets/*'], ['UPDATE'], 'x.io') });
    await memory.call.patch(`${widgetsOf}/scale`, 'default', 'a', 'merge', { spec: { replicas: 3 } });
    expect(shown()[1]).toMatchObject({
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      resource: { group: 'x.io', resource: 'widgets' },
      object: { spec: { replicas: 3 } },
      oldObject: { spec: { replicas: 1 } },
    });
  });

  test('on status sees the whole object', async () => {
    await memory.call.create('apps/v1/deployments', 'default', deployment('d'));
    await both({ rules: rulesFor(['deployments/status'], ['UPDATE'], 'apps') });
    await memory.call.patch('apps/v1/deployments/status', 'default', 'd', 'merge', { status: { replicas: 1 } });
    const wanted = {
      kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
      subResource: 'status',
      object: { kind: 'Deployment', status: { replicas: 1 } },
      oldObject: { kind: 'Deployment', spec: { replicas: 1 } },
    };
    expect(shown()).toMatchObject([wanted, wanted]);
  });

  test.each([
    ['pods/binding', { group: '', version: 'v1', kind: 'Binding' }, { target: { kind: 'Node', name: 'n' } }],
    ['pods/eviction', { group: 'policy', version: 'v1', kind: 'Eviction' }, {}],
  ])('on %s sees what is created there', async (of, kind, more) => {
    await memory.call.create('pods', 'default', pod('p'));
    await both({ rules: rulesFor(['pods', of]) });
    await create(of, 'p', { metadata: { name: 'p' }, ...more });
    const wanted = {
      ...{ kind, resource: { resource: 'pods' }, subResource: of.split('/')[1], name: 'p', namespace: 'default' },
      ...{ operation: 'CREATE', object: { kind: kind.kind, ...more }, oldObject: null },
    };
    // The deletion that an eviction becomes is nobody's request.
    expect(shown()).toMatchObject([wanted, wanted]);
  });

  test('on the legacy bindings collection sees that collection', async () => {
    await memory.call.create('pods', 'default', pod('p'));
    await configureWebhook(memory, webhook, validating, { rules: rulesFor(['bindings', 'pods/binding']) });
    await create('bindings', '', { metadata: { name: 'p' }, target: { name: 'n' } });
    expect(shown()).toMatchObject([{ kind: { kind: 'Binding' }, resource: { resource: 'bindings' }, name: 'p' }]);
    expect(shown()[0]).not.toHaveProperty('subResource');
  });

  test('on a token sees the request for it', async () => {
    await both({ rules: rulesFor(['serviceaccounts/token']) });
    await create('serviceaccounts/token', 'default', { spec: { audiences: ['a'] } });
    const kind = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' };
    const wanted = { kind, name: 'default', subResource: 'token', object: { kind: 'TokenRequest' }, oldObject: null };
    expect(shown()).toMatchObject([wanted, wanted]);
  });
});

describe('CONNECT', () => {
  const connect = (of: string, options: JsonObject, name = 'p') =>
    memory.registry.connect(testContext(), target(of, of.startsWith('nodes') ? '' : 'default', name), options);

  test.each([
    ['pods/exec', 'PodExecOptions', { command: ['sh'], stdin: true }],
    ['pods/attach', 'PodAttachOptions', { container: 'c', stdout: true }],
    ['pods/portforward', 'PodPortForwardOptions', { ports: [80] }],
    ['pods/proxy', 'PodProxyOptions', { path: '/a' }],
    ['services/proxy', 'ServiceProxyOptions', {}],
    ['nodes/proxy', 'NodeProxyOptions', { path: '/pods' }],
  ])('of %s shows its options', async (of, kind, options) => {
    await both({ rules: rulesFor([of], ['CONNECT']) });
    const object = { kind, apiVersion: 'v1', ...options };
    expect(await connect(of, options)).toEqual(object);
    const wanted = {
      kind: { group: '', version: 'v1', kind },
      resource: { group: '', version: 'v1', resource: of.split('/')[0] },
      subResource: of.split('/')[1],
      name: 'p',
      operation: 'CONNECT',
      userInfo: { username: 'admin' },
      dryRun: false,
      options: null,
      ...{ object, oldObject: null },
    };
    expect(shown()).toMatchObject([wanted, wanted]);
    expect(shown()[0]?.object).toEqual(object);
  });

  test('is refused by webhooks, and changed by those that may', async () => {
    await both({ rules: rulesFor(['pods/exec'], ['CONNECT']) });
    webhook.answer = (body, path) =>
      path.startsWith('/first') ? patched({ op: 'replace', path: '/command/0', value: 'true' })(body) : allow(body);
    expect(await connect('pods/exec', { command: ['sh'] })).toMatchObject({ command: ['true'] });
    webhook.answer = (body, path) =>
      path.startsWith('/first') ? allow(body) : deny({ message: 'no', code: 403 })(body);
    expect(await statusOf(connect('pods/exec', { command: ['sh'] }))).toMatchObject({
      code: 403,
      message: 'admission webhook "second.x.io" denied the request: no',
    });
  });

  test('is judged by policies, and selected by no label', async () => {
    await memory.call.create('admissionregistration.k8s.io/v1/validatingadmissionpolicies', '', {
      metadata: { name: 'p' },
      spec: {
        matchConstraints: { resourceRules: rulesFor(['pods/exec'], ['CONNECT']) },
        validations: [
          { expression: `request.operation == 'CONNECT' && oldObject == null && object.command != ['sh']` },
        ],
      },
    });
    const spec = { policyName: 'p', validationActions: ['Deny'] };
    await memory.call.create('admissionregistration.k8s.io/v1/validatingadmissionpolicybindings', '', {
      ...{ metadata: { name: 'b' }, spec },
    });
    await memory.settle();
    await connect('pods/exec', { command: ['ls'] });
    expect(await statusOf(connect('pods/exec', { command: ['sh'] }))).toMatchObject({
      code: 422,
      message: expect.stringContaining(`pods "p" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied`),
    });
    await memory.call.patch('admissionregistration.k8s.io/v1/validatingadmissionpolicybindings', '', 'b', 'merge', {
      spec: { matchResources: { objectSelector: { matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] } } },
    });
    await memory.settle();
    await connect('pods/exec', { command: ['sh'] });
  });

  test('of what is no stream is not found', async () => {
    expect(await statusOf(connect('pods/log', {}))).toMatchObject({ code: 404 });
    expect(await statusOf(connect('pods/nonsense', {}))).toMatchObject({ code: 404 });
  });
});
