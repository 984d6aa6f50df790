import { realClock } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { silentLogger } from '../../registry/testing.ts';
import { createExtendedRegistry, type ExtendedRegistry, specSchema, version, widgets } from '../testing.ts';
import { rulesFor } from '../testing-webhook.ts';
import type { PolicySpec } from './policy.ts';
import { keepPolicyStatus } from './policy-status.ts';
import { expressionWarnings } from './type-check.ts';

let memory: ExtendedRegistry;
beforeEach(async () => {
  memory = await createExtendedRegistry();
});
afterEach(() => memory.close());

const onDeployments = { resourceRules: rulesFor(['deployments'], ['CREATE'], 'apps') };
const warningsOf = (spec: PolicySpec) =>
  expressionWarnings({ matchConstraints: onDeployments, ...spec }, memory.registry.definitions());

describe('expressions', () => {
  test.each([
    'object.spec.replicas > 1',
    `object.metadata.labels['a'] == 'b' && has(object.metadata.deletionTimestamp)`,
    'object.spec.template.spec.containers.all(c, c.resources.limits.cpu == "1" || c.ports.size() > 0)',
    'object.metadata.creationTimestamp < timestamp("2026-01-01T00:00:00Z")',
    'oldObject == null || oldObject.kind == object.kind',
    `authorizer.requestResource.check('get').allowed()`,
    'object.spec.strategy.rollingUpdate.maxSurge == "25%"',
  ])('%s fits', (expression) => {
    expect(warningsOf({ validations: [{ expression }] })).toEqual([]);
  });

  test('that do not fit are told, with the kind and the place', () => {
    const validations = [
      { expression: 'object.spec.replicas > 1' },
      { expression: 'object.spec.replicass > 1', messageExpression: 'object.spec.nothing' },
    ];
    expect(warningsOf({ validations })).toEqual([
      {
        fieldRef: 'spec.validations[1].expression',
        warning:
          "apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'replicass'\n | object.spec.replicass > 1\n | ...........^\n",
      },
      expect.objectContaining({ fieldRef: 'spec.validations[1].messageExpression' }),
    ]);
    const [warning] = warningsOf({ validations: [{ expression: `object.spec.replicas == 'x'` }] });
    expect(warning?.warning).toContain(`found no matching overload for '_==_' applied to '(int, string)'`);
  });

  test('see the types of variables and parameters', () => {
    const spec = {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      variables: [{ name: 'replicas', expression: 'object.spec.replicas' }],
      validations: [{ expression: `variables.replicas == 'x'` }, { expression: 'params.spec == null' }],
    };
    expect(warningsOf(spec).map(({ fieldRef }) => fieldRef)).toEqual([
      'spec.validations[0].expression',
      'spec.validations[1].expression',
    ]);
  });

  test('are held against every kind that the rules name, and against none for wildcards', async () => {
    await memory.define(widgets({ versions: [version(specSchema({ size: { type: 'integer' } }))] }));
    const validations = [{ expression: 'object.spec.replicas > 1' }];
    const rule = { apiGroups: ['', 'x.io'], apiVersions: ['v1'], resources: ['widgets', 'pods', 'pods/status', '*'] };
    const [warning] = warningsOf({ matchConstraints: { resourceRules: [rule] }, validations });
    expect(warning?.warning.match(/.*Kind=\w+/g)).toEqual(['/v1, Kind=Pod', 'x.io/v1, Kind=Widget']);
    expect(warningsOf({ matchConstraints: { resourceRules: [{ ...rule, apiGroups: ['*'] }] }, validations })).toEqual(
      [],
    );
  });
});

test('the status of a policy says what was looked at', async () => {
  const stop = new AbortController();
  const done = keepPolicyStatus({ registry: memory.registry, clock: realClock, logger: silentLogger }, stop.signal);
  const of = 'admissionregistration.k8s.io/v1/validatingadmissionpolicies';
  await memory.call.create(of, '', {
    metadata: { name: 'p' },
    spec: { matchConstraints: onDeployments, validations: [{ expression: 'object.nothing == 1' }] },
  });
  await vi.waitFor(
    async () =>
      expect((await memory.call.get(of, '', 'p')).status).toMatchObject({
        observedGeneration: 1,
        typeChecking: { expressionWarnings: [{ fieldRef: 'spec.validations[0].expression' }] },
      }),
    30_000,
  );
  await memory.call.patch(of, '', 'p', 'merge', { spec: { validations: [{ expression: 'object.kind == "D"' }] } });
  await vi.waitFor(
    async () =>
      expect((await memory.call.get(of, '', 'p')).status).toEqual({ observedGeneration: 2, typeChecking: {} }),
    30_000,
  );
  stop.abort();
  await done;
});
