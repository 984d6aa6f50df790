/** ValidatingAdmissionPolicies, bound and in force. */
import { expect } from 'vitest';
import { create, must, remove } from './support/rest.ts';
import type { Thing } from './support/shapes.ts';
import { eventually, test, unique } from './support/test.ts';
import { container, rule } from './support/webhook.ts';

const deployments = (ns: string): string => `/apis/apps/v1/namespaces/${ns}/deployments`;

/** A policy on the Deployments of one namespace, bound to refuse; answers as a creation of this many replicas does. */
async function bound(
  ns: string,
  spec: object,
  use: (attempt: (replicas: number) => Promise<Thing>) => Promise<void>,
): Promise<void> {
  const root = '/apis/admissionregistration.k8s.io/v1';
  const name = unique('policy');
  const resourceRules = [{ ...rule(['deployments'], ['CREATE'], 'apps') }];
  await create(`${root}/validatingadmissionpolicies`, {
    metadata: { name },
    spec: { matchConstraints: { resourceRules }, failurePolicy: 'Fail', ...spec },
  });
  await create(`${root}/validatingadmissionpolicybindings`, {
    metadata: { name },
    spec: {
      policyName: name,
      validationActions: ['Deny'],
      matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ns } } },
    },
  });
  const podTemplate = { metadata: { labels: { app: 'a' } }, spec: { containers: [container] } };
  const body = (replicas: number): object => ({
    metadata: { name: unique('d') },
    spec: { replicas, selector: { matchLabels: { app: 'a' } }, template: podTemplate },
  });
  await use((replicas) => must('POST', `${deployments(ns)}?dryRun=All`, { body: body(replicas) }));
  await remove(`${root}/validatingadmissionpolicybindings/${name}`);
  await remove(`${root}/validatingadmissionpolicies/${name}`);
}

const refuses = (attempt: (replicas: number) => Promise<Thing>, replicas: number, message: string) =>
  eventually(`a refusal with ${message}`, async () =>
    (await attempt(replicas).then(String, (error: Error) => error.message)).includes(message),
  );

test('C087 a bound policy refuses the Deployment that breaks it', ({ ns }) =>
  bound(
    ns,
    {
      validations: [
        { expression: 'object.spec.replicas > 1', messageExpression: "'only ' + string(object.spec.replicas)" },
      ],
    },
    async (attempt) => {
      await refuses(attempt, 1, 'only 1');
      expect((await attempt(2)).spec).toMatchObject({ replicas: 2 });
    },
  ));

test('C084 rules of an admission policy use its variables', ({ ns }) =>
  bound(
    ns,
    {
      variables: [
        { name: 'replicas', expression: 'object.spec.replicas' },
        { name: 'even', expression: 'variables.replicas % 2 == 0' },
      ],
      validations: [{ expression: 'variables.even', message: 'an even number, please' }],
    },
    async (attempt) => {
      await refuses(attempt, 1, 'an even number, please');
      expect((await attempt(2)).spec).toMatchObject({ replicas: 2 });
    },
  ));
