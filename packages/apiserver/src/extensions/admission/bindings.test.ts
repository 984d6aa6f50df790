/** What becomes of a policy's judgement: actions, audit annotations, parameters, and several policies over one request. */
import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configMap } from '../../registry/fixtures.ts';
import { statusOf, target, testContext, writeOptions } from '../../registry/testing.ts';
import { createExtendedRegistry, type ExtendedRegistry, specSchema, version, widgets } from '../testing.ts';
import { rulesFor } from '../testing-webhook.ts';

let memory: ExtendedRegistry;
let noted: Readonly<Record<string, string>>[];
beforeEach(async () => {
  noted = [];
  memory = await createExtendedRegistry({ audit: (_request, annotations) => noted.push(annotations) });
});
afterEach(() => memory.close());

const root = 'admissionregistration.k8s.io/v1';
async function policy(name: string, spec: JsonObject, ...boundBy: readonly JsonObject[]): Promise<void> {
  const matchConstraints = { resourceRules: rulesFor(['configmaps'], ['CREATE']) };
  await memory.call.create(`${root}/validatingadmissionpolicies`, '', {
    ...{ metadata: { name }, spec: { matchConstraints, ...spec } },
  });
  for (const [index, more] of boundBy.entries())
    await memory.call.create(`${root}/validatingadmissionpolicybindings`, '', {
      metadata: { name: `${name}-${index}` },
      spec: { policyName: name, validationActions: ['Deny'], ...more },
    });
  await memory.settle();
}

/** Creates a ConfigMap; answers with the refusal, if any, and the warnings. */
async function create(data: JsonObject = { a: '1' }): Promise<{ message: string | undefined; warnings: string[] }> {
  const context = testContext();
  const body = { document: configMap('a', data), duplicates: [] };
  const made = memory.registry.create(context, target('configmaps', 'default'), body, writeOptions({ dryRun: true }));
  const message = await made.then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { message, warnings: context.warnings };
}
const fails = { validations: [{ expression: 'false', message: 'no' }] };

describe('actions', () => {
  test('every policy is heard, and the first refusal told', async () => {
    await policy('a', fails, {});
    await policy('b', fails, { validationActions: ['Warn'] });
    await policy('c', fails, {});
    expect(await create()).toEqual({
      message: `configmaps "a" is forbidden: ValidatingAdmissionPolicy 'a' with binding 'a-0' denied request: no`,
      warnings: [`Validation failed for ValidatingAdmissionPolicy 'b' with binding 'b-0': no`],
    });
  });

  test('Audit notes the failure and lets pass', async () => {
    await policy(
      'a',
      { validations: [{ expression: 'true' }, { expression: 'false', message: 'no' }] },
      {
        validationActions: ['Audit'],
      },
    );
    expect(await create()).toEqual({ message: undefined, warnings: [] });
    const [first] = noted;
    expect(JSON.parse(first?.['validation.policy.admission.k8s.io/validation_failure'] ?? '')).toEqual([
      { message: 'no', policy: 'a', binding: 'a-0', expressionIndex: 1, validationActions: ['Audit'] },
    ]);
  });

  test('a fault of the configuration refuses, whatever the actions', async () => {
    await policy(
      'a',
      { ...fails, paramKind: { apiVersion: 'x.io/v1', kind: 'Nothing' } },
      {
        validationActions: ['Warn'],
        paramRef: { name: 'x', parameterNotFoundAction: 'Allow' },
      },
    );
    expect((await create()).message).toBe(
      `configmaps "a" is forbidden: ValidatingAdmissionPolicy 'a' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'x.io/v1, Kind=Nothing'`,
    );
    await memory.call.patch(`${root}/validatingadmissionpolicies`, '', 'a', 'merge', {
      spec: { failurePolicy: 'Ignore' },
    });
    await memory.settle();
    expect((await create()).message).toBeUndefined();
  });
});

describe('audit annotations', () => {
  test('are values under the name of the policy, those of several bindings together', async () => {
    await memory.call.create('configmaps', 'default', configMap('one', { say: 'x' }));
    await memory.call.create('configmaps', 'default', configMap('two', { say: 'y' }));
    const refer = (name: string): JsonObject => ({
      paramRef: { name, namespace: 'default', parameterNotFoundAction: 'Deny' },
    });
    await policy(
      'a',
      {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        auditAnnotations: [
          { key: 'said', valueExpression: `string(params.data.say)` },
          { key: 'name', valueExpression: `'  ' + object.metadata.name + ' '` },
          { key: 'nothing', valueExpression: 'null' },
          { key: 'empty', valueExpression: `''` },
        ],
      },
      refer('one'),
      refer('two'),
      refer('one'),
    );
    await create();
    expect(noted).toEqual([{ 'a/said': 'x, y', 'a/name': 'a' }]);
  });

  test('that cannot be made refuse the request, unless faults are ignored', async () => {
    await policy(
      'a',
      { auditAnnotations: [{ key: 'k', valueExpression: 'string(object.nothing)' }] },
      {
        validationActions: ['Warn'],
      },
    );
    expect((await create()).message).toContain(
      `denied request: expression 'string(object.nothing)' resulted in error: no such key: nothing`,
    );
    await memory.call.patch(`${root}/validatingadmissionpolicies`, '', 'a', 'merge', {
      spec: { failurePolicy: 'Ignore' },
    });
    await memory.settle();
    expect(await create()).toEqual({ message: undefined, warnings: [] });
    expect(noted).toEqual([]);
  });
});

describe('parameters', () => {
  const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
  const rule = {
    paramKind,
    validations: [{ expression: `!(object.data.a in params.data)`, messageExpression: `string(params.metadata.name)` }],
  };

  test('of a selector are judged with one after the other', async () => {
    for (const name of ['one', 'two', 'other'])
      await memory.call.create('configmaps', 'default', {
        ...configMap(name, { [name]: 'x' }),
        metadata: { name, labels: { use: name === 'other' ? 'no' : 'yes' } },
      });
    await policy('a', rule, {
      paramRef: { selector: { matchLabels: { use: 'yes' } }, parameterNotFoundAction: 'Deny' },
    });
    expect((await create({ a: 'one' })).message).toContain('denied request: one');
    expect((await create({ a: 'two' })).message).toContain('denied request: two');
    expect((await create({ a: 'other' })).message).toBeUndefined();
  });

  test('that are not there refuse, or are done without', async () => {
    await policy('a', rule, { paramRef: { selector: {}, namespace: 'none', parameterNotFoundAction: 'Deny' } });
    expect((await create()).message).toContain(
      'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
    );
    await memory.call.patch(`${root}/validatingadmissionpolicybindings`, '', 'a-0', 'merge', {
      spec: { paramRef: { parameterNotFoundAction: 'Allow' } },
    });
    await memory.settle();
    expect((await create()).message).toBeUndefined();
  });

  test('are null when the binding names none; conditions see them too', async () => {
    await policy('a', { paramKind, validations: [{ expression: 'params != null', message: 'none' }] }, {});
    await policy(
      'b',
      {
        paramKind,
        matchConditions: [{ name: 'set', expression: 'params != null' }],
        validations: [{ expression: 'false' }],
      },
      {},
    );
    expect((await create()).message).toContain(`'a' with binding 'a-0' denied request: none`);
  });

  test('of a cluster have no namespace', async () => {
    await memory.define(widgets({ scope: 'Cluster', versions: [version(specSchema({}))] }));
    await policy(
      'a',
      { ...fails, paramKind: { apiVersion: 'x.io/v1', kind: 'Widget' } },
      {
        paramRef: { name: 'x', namespace: 'default', parameterNotFoundAction: 'Allow' },
      },
    );
    expect((await create()).message).toContain(
      'failed to configure binding: paramRef.namespace must not be provided for a cluster-scoped `paramKind`',
    );
  });
});

describe('what is matched', () => {
  test('leaves out excluded resources, and names that are not listed', async () => {
    const [rule] = rulesFor(['configmaps'], ['CREATE']);
    const matchConstraints = {
      resourceRules: [{ ...rule, resourceNames: ['a', 'b'] }],
      excludeResourceRules: [{ ...rule, resourceNames: ['b'] }],
    };
    await policy('a', { ...fails, matchConstraints }, {});
    const made = (name: string) =>
      statusOf(memory.call.create('configmaps', 'default', configMap(name), { dryRun: true }));
    expect(await made('a')).toMatchObject({ code: 422 });
    for (const name of ['b', 'c']) await memory.call.create('configmaps', 'default', configMap(name), { dryRun: true });
  });

  test.each([
    ['Equivalent', 422],
    ['Exact', undefined],
  ])('of an equivalent version, when the policy is %s', async (matchPolicy, code) => {
    const resourceRules = [
      { operations: ['CREATE'], apiGroups: ['autoscaling'], apiVersions: ['v2'], resources: ['*'] },
    ];
    await policy(
      'a',
      {
        matchConstraints: { resourceRules, matchPolicy },
        validations: [{ expression: `object.spec.metrics.size() == 0 || request.requestKind.version != 'v1'` }],
      },
      {},
    );
    const spec = {
      maxReplicas: 3,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
      targetCPUUtilizationPercentage: 50,
    };
    const made = memory.call.create('autoscaling/v1/horizontalpodautoscalers', 'default', {
      metadata: { name: 'a' },
      spec,
    });
    if (code === undefined) await made;
    else expect(await statusOf(made)).toMatchObject({ code });
  });
});
