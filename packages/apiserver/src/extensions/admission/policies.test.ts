import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configMap } from '../../registry/fixtures.ts';
import { statusOf, target, testContext, writeOptions } from '../../registry/testing.ts';
import { createExtendedRegistry, type ExtendedRegistry } from '../testing.ts';

let memory: ExtendedRegistry;
beforeEach(async () => {
  memory = await createExtendedRegistry();
});
afterEach(() => memory.close());

const policies = 'admissionregistration.k8s.io/v1/validatingadmissionpolicies';
const bindings = 'admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
const onConfigMaps = {
  resourceRules: [
    { operations: ['CREATE', 'UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] },
  ],
};

async function enforce(spec: JsonObject, binding: JsonObject = {}): Promise<void> {
  await memory.call.create(policies, '', {
    metadata: { name: 'p' },
    spec: { matchConstraints: onConfigMaps, ...spec },
  });
  const of = { policyName: 'p', validationActions: ['Deny'], ...binding };
  await memory.call.create(bindings, '', { metadata: { name: 'b' }, spec: of });
  await memory.settle();
}
const create = (name: string) => memory.call.create('configmaps', 'default', configMap(name));
const denied = (why: string): string =>
  `configmaps "a" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ${why}`;

describe('a ValidatingAdmissionPolicy', () => {
  test('denies what its expressions refuse, with the variables it defines', async () => {
    await enforce({
      variables: [
        { name: 'data', expression: 'object.data' },
        { name: 'count', expression: 'variables.data.size()' },
      ],
      validations: [
        { expression: 'variables.count > 0' },
        {
          expression: 'object.metadata.name != "a"',
          messageExpression: '"not " + object.metadata.name',
          reason: 'Forbidden',
        },
      ],
    });
    await create('ok');
    expect(await statusOf(create('a'))).toMatchObject({ code: 403, reason: 'Forbidden', message: denied('not a') });
  });

  test('says which expression failed when it says nothing else', async () => {
    await enforce({ validations: [{ expression: 'object.metadata.name != "a"' }] });
    expect(await statusOf(create('a'))).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: denied('failed expression: object.metadata.name != "a"'),
    });
  });

  test('warns when the binding says so', async () => {
    await enforce({ validations: [{ expression: 'false', message: 'hm' }] }, { validationActions: ['Warn', 'Audit'] });
    const context = testContext();
    await memory.registry.create(
      context,
      target('configmaps', 'default'),
      { document: configMap('a'), duplicates: [] },
      writeOptions(),
    );
    expect(context.warnings).toEqual([`Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': hm`]);
  });

  test('reads its parameters', async () => {
    await memory.call.create('configmaps', 'default', configMap('limits', { max: '1' }));
    await enforce(
      {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        validations: [{ expression: 'object.data.size() <= int(params.data.max)' }],
      },
      { paramRef: { name: 'limits', namespace: 'default', parameterNotFoundAction: 'Deny' } },
    );
    await create('ok');
    expect(
      await statusOf(memory.call.create('configmaps', 'default', configMap('a', { x: '1', y: '2' }))),
    ).toMatchObject({ code: 422 });
    await memory.call.remove('configmaps', 'default', 'limits');
    expect(await statusOf(create('a'))).toMatchObject({
      message: denied(
        'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
      ),
    });
  });

  test('knows the namespace, the old object and who asks', async () => {
    await enforce({
      matchConditions: [{ name: 'admins', expression: 'request.userInfo.username == "admin"' }],
      validations: [
        {
          expression:
            'namespaceObject.metadata.name == "default" && (oldObject == null || oldObject.data == object.data)',
          message: 'fixed',
        },
      ],
    });
    await create('a');
    expect(
      await statusOf(memory.call.patch('configmaps', 'default', 'a', 'merge', { data: { a: '2' } })),
    ).toMatchObject({ message: denied('fixed') });
  });

  test('that cannot be evaluated fails, or is ignored', async () => {
    await enforce({ validations: [{ expression: 'object.nothing == 1' }] });
    expect(await statusOf(create('a'))).toMatchObject({
      message: denied(`expression 'object.nothing == 1' resulted in error: no such key: nothing`),
    });
    await memory.call.patch(policies, '', 'p', 'merge', { spec: { failurePolicy: 'Ignore' } });
    await memory.settle();
    await create('a');
  });

  test.each<[JsonObject, string]>([
    [{ validations: [{ expression: 'object.' }] }, 'spec.validations[0].expression'],
    [{ validations: [] }, 'spec.validations'],
    [{ validations: [] }, 'spec.auditAnnotations'],
    // What may be anything is no truth value, and no text.
    [{ validations: [{ expression: 'object.spec.flag' }] }, 'spec.validations[0].expression'],
    [{ validations: [{ expression: 'true', messageExpression: 'object.x' }] }, 'spec.validations[0].messageExpression'],
    [
      {
        validations: [
          { expression: 'true', messageExpression: `string(authorizer.path('/a').check('get').allowed())` },
        ],
      },
      'spec.validations[0].messageExpression',
    ],
    [{ validations: [{ expression: 'params.x == 1' }] }, 'spec.validations[0].expression'],
    [{ validations: [{ expression: 'variables.x == 1' }] }, 'spec.validations[0].expression'],
    [{ validations: [{ expression: 'request.nonsense == 1' }] }, 'spec.validations[0].expression'],
    [
      { validations: [{ expression: 'namespaceObject.metadata.managedFields == []' }] },
      'spec.validations[0].expression',
    ],
    [
      {
        variables: [
          { name: 'a', expression: 'variables.b' },
          { name: 'b', expression: '1' },
        ],
        validations: [{ expression: 'variables.b == 1' }],
      },
      'spec.variables[0].expression',
    ],
    [{ variables: [{ name: 'in', expression: '1' }], validations: [{ expression: 'true' }] }, 'spec.variables[0].name'],
    [
      { variables: [{ name: 'a', expression: '1' }], validations: [{ expression: `variables.a == 'x'` }] },
      'spec.validations[0].expression',
    ],
    [
      {
        validations: [{ expression: 'true' }],
        matchConditions: [{ name: 'a', expression: 'variables.a' }],
        variables: [{ name: 'a', expression: 'true' }],
      },
      'spec.matchConditions[0].expression',
    ],
    [{ auditAnnotations: [{ key: 'a', valueExpression: '1' }] }, 'spec.auditAnnotations[0].valueExpression'],
    [{ auditAnnotations: [{ key: 'a/b/c', valueExpression: `'x'` }] }, 'spec.auditAnnotations[0].key'],
    [{ validations: [{ expression: 'true' }], paramKind: { apiVersion: 'v1', kind: '' } }, 'spec.paramKind.kind'],
    [{ validations: [{ expression: 'true' }], matchConstraints: {} }, 'spec.matchConstraints.resourceRules'],
    [
      {
        validations: [{ expression: 'true' }],
        matchConstraints: {
          resourceRules: [{ operations: ['MAKE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
        },
      },
      'spec.matchConstraints.resourceRules[0].operations[0]',
    ],
  ])('%j is refused', async (spec, path) => {
    const status = await statusOf(
      memory.call.create(policies, '', { metadata: { name: 'p' }, spec: { matchConstraints: onConfigMaps, ...spec } }),
    );
    expect(status).toMatchObject({
      code: 422,
      details: { causes: expect.arrayContaining([expect.objectContaining({ field: path })]) },
    });
  });
});
