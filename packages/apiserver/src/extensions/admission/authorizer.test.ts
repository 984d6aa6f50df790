/** `authorizer` in the expressions of policies and webhooks. */
import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Attributes, Authoriser } from '../../chain/attributes.ts';
import type { UserInfo } from '../../registry/contract.ts';
import { configMap } from '../../registry/fixtures.ts';
import { statusOf } from '../../registry/testing.ts';
import { createExtendedRegistry, type ExtendedRegistry } from '../testing.ts';
import { allow, configureWebhook, rulesFor, startWebhook, type TestWebhook, validating } from '../testing-webhook.ts';

let memory: ExtendedRegistry;
let asked: { readonly user: UserInfo; readonly attributes: Attributes }[];
/** Allows deletes, and everything to robots; breaks on `break`. */
const authoriser: Authoriser = {
  async decide(user, attributes) {
    asked.push({ user, attributes });
    if (attributes.verb === 'break') throw new Error('broken');
    const isAllowed = attributes.verb === 'delete' || user.name.endsWith(':robot');
    return { verdict: isAllowed ? 'allow' : 'no-opinion', reason: `because of ${attributes.verb}` };
  },
};

beforeEach(async () => {
  asked = [];
  memory = await createExtendedRegistry({ authoriser });
});
afterEach(() => memory.close());

const root = 'admissionregistration.k8s.io/v1';
async function enforce(spec: JsonObject): Promise<void> {
  const matchConstraints = { resourceRules: rulesFor(['configmaps'], ['CREATE']) };
  await memory.call.create(`${root}/validatingadmissionpolicies`, '', {
    ...{ metadata: { name: 'p' }, spec: { matchConstraints, ...spec } },
  });
  await memory.call.create(`${root}/validatingadmissionpolicybindings`, '', {
    ...{ metadata: { name: 'b' }, spec: { policyName: 'p', validationActions: ['Deny'] } },
  });
  await memory.settle();
}
const create = () => memory.call.create('configmaps', 'default', configMap('a'));

describe('authorizer', () => {
  test.each([
    [`authorizer.group('apps').resource('deployments').check('delete').allowed()`, true],
    [`authorizer.group('apps').resource('deployments').check('create').allowed()`, false],
    [`authorizer.group('').resource('pods').check('create').reason() == 'because of create'`, true],
    [`authorizer.path('/healthz').check('delete').allowed()`, true],
    [`authorizer.requestResource.check('delete').allowed()`, true],
    [`authorizer.requestResource.check('break').errored()`, true],
    [`authorizer.requestResource.check('break').error() == 'broken'`, true],
    [`authorizer.requestResource.check('break').allowed()`, false],
    [`authorizer.requestResource.check('get').errored()`, false],
    [`authorizer.serviceAccount('default', 'robot').path('/a').check('get').allowed()`, true],
    [`authorizer.serviceAccount('default', 'other').path('/a').check('get').allowed()`, false],
    [`authorizer.group('').resource('pods').labelSelector('a=b').fieldSelector('c=d').check('delete').allowed()`, true],
  ])('%s is %s', async (expression, isSo) => {
    await enforce({ validations: [{ expression: isSo ? expression : `!(${expression})` }] });
    await create();
  });

  test('asks what the expression says, each thing once', async () => {
    const check = `authorizer.group('g').resource('r').subresource('s').namespace('n').name('m').check('delete').allowed()`;
    await enforce({ validations: [{ expression: `${check} && ${check}` }, { expression: check }] });
    await create();
    expect(asked).toMatchObject([
      {
        user: { name: 'admin' },
        attributes: {
          type: 'resource',
          verb: 'delete',
          group: 'g',
          resource: 'r',
          subresource: 's',
          namespace: 'n',
          name: 'm',
        },
      },
    ]);
    expect(asked[0]?.attributes).toHaveProperty('version', '*');
  });

  test('knows what the request is about, and who service accounts are', async () => {
    await enforce({
      variables: [{ name: 'may', expression: `authorizer.requestResource.check('delete').allowed()` }],
      matchConditions: [
        { name: 'robots', expression: `authorizer.serviceAccount('ns', 'robot').path('/a').check('get').allowed()` },
      ],
      validations: [{ expression: 'variables.may' }],
    });
    await create();
    expect(asked).toMatchObject([
      {
        user: {
          name: 'system:serviceaccount:ns:robot',
          groups: ['system:serviceaccounts', 'system:serviceaccounts:ns'],
        },
        attributes: { type: 'path', path: '/a', verb: 'get' },
      },
      { attributes: { group: '', resource: 'configmaps', namespace: 'default', name: 'a', verb: 'delete' } },
    ]);
  });

  test.each([
    [`authorizer.path(' ').check('get').allowed()`, 'path must not be empty'],
    [`authorizer.group('').resource('').check('get').allowed()`, 'resource must not be empty'],
    [`authorizer.serviceAccount('default', 'a@b').path('/a').check('get').allowed()`, 'Invalid service account name'],
    [`authorizer.serviceAccount('a.b', 'a').path('/a').check('get').allowed()`, 'Invalid service account namespace'],
    [
      `[1, 2, 3].all(x, authorizer.path('/' + string(x)).check('delete').allowed())`,
      'operation cancelled: actual cost limit exceeded',
    ],
  ])('%s: %s', async (expression, why) => {
    await enforce({ validations: [{ expression }] });
    expect((await statusOf(create())).message).toContain(`expression '${expression}' resulted in error: ${why}`);
  });

  test('is known to the match conditions of webhooks', async () => {
    const webhook: TestWebhook = await startWebhook(allow);
    const may = (verb: string): JsonObject => ({
      matchConditions: [{ name: 'may', expression: `authorizer.requestResource.check('${verb}').allowed()` }],
    });
    await configureWebhook(memory, webhook, validating, may('delete'), 'asked');
    await configureWebhook(memory, webhook, validating, may('create'), 'passed-over');
    await create();
    expect(webhook.requests).toHaveLength(1);
    await webhook.close();
  });
});
