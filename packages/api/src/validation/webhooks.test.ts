import { expect, test } from 'vitest';
import { faultsOf, objectText as object } from './testing.ts';
import { addOperationRule, type OperationRule } from './webhooks.ts';

const rule = (more: Partial<OperationRule>): string[] => {
  const faults: Parameters<typeof addOperationRule>[0] = [];
  addOperationRule(
    faults,
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], ...more },
    'r',
  );
  return faults.map(({ field, message }) => `${field}: ${message}`);
};

test.each([
  [{}, []],
  [{ resources: ['pods', 'pods/status', '*/scale'] }, []],
  [{ resources: ['*', '*/status'] }, []],
  [{ resources: ['pods', '*'] }, []],
  [{ resources: [] }, ['r.resources: Required value']],
  [{ resources: ['pods', ''] }, ['r.resources[1]: Required value']],
  [
    { resources: ['pods/*', 'pods/status'] },
    ['r.resources[1]: Invalid value: "pods/status": if \'pods/*\' is present, must not specify pods/status'],
  ],
  [
    { resources: ['*/status', 'pods/status'] },
    ['r.resources[1]: Invalid value: "pods/status": if \'*/status\' is present, must not specify pods/status'],
  ],
  [
    { resources: ['*/*', 'pods'] },
    ['r.resources: Invalid value: []string{"*/*", "pods"}: if \'*/*\' is present, must not specify other resources'],
  ],
  [
    { resources: ['*', 'pods'] },
    [
      'r.resources: Invalid value: []string{"*", "pods"}: if \'*\' is present, must not specify other resources without subresources',
    ],
  ],
  [{ apiVersions: [''] }, ['r.apiVersions[0]: Required value']],
  [
    { apiGroups: ['*', 'a.b'] },
    ['r.apiGroups: Invalid value: []string{"*", "a.b"}: if \'*\' is present, must not specify other API groups'],
  ],
  [
    { operations: ['READ'] },
    ['r.operations[0]: Unsupported value: "READ": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"'],
  ],
  [{ resourceNames: ['a', 'a'] }, ['r.resourceNames[1]: Duplicate value: "a"']],
])('rule %j', (more, faults) => {
  expect(rule(more)).toEqual(faults);
});

const hook = (rest: string): string =>
  `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: a}, webhooks: [{name: a.b.c, clientConfig: {url: "https://a.b/c"}, ${rest}}]}`;
const at = 'webhooks[0]';

test.each([
  ['sideEffects: None, admissionReviewVersions: [v1, v2]', []],
  ['admissionReviewVersions: [v1]', [`${at}.sideEffects: Required value: must specify one of None, NoneOnDryRun`]],
  ['sideEffects: None', [`${at}.admissionReviewVersions: Required value: must specify one of v1, v1beta1`]],
  [
    'sideEffects: None, admissionReviewVersions: [v2, v2]',
    [
      `${at}.admissionReviewVersions[1]: Invalid value: "v2": duplicate version`,
      `${at}.admissionReviewVersions: Invalid value: []string{"v2", "v2"}: must include at least one of v1, v1beta1`,
    ],
  ],
  [
    'sideEffects: None, admissionReviewVersions: [v1], clientConfig: {url: "http://u@a.b/c?d#e"}',
    [
      `${at}.clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
      `${at}.clientConfig.url: Invalid value: "u": user information is not permitted in the URL`,
      `${at}.clientConfig.url: Invalid value: "e": fragments are not permitted in the URL`,
      `${at}.clientConfig.url: Invalid value: "d": query parameters are not permitted in the URL`,
    ],
  ],
])('webhook %s', (rest, faults) => {
  const document = rest.includes('clientConfig')
    ? hook(rest).replace('clientConfig: {url: "https://a.b/c"}, ', '')
    : hook(rest);
  expect(faultsOf(document)).toEqual(faults);
});

test('webhooks are called over https, or as services', () => {
  const hook = (config: string): string[] =>
    faultsOf(
      object(
        'admissionregistration.k8s.io/v1',
        'ValidatingWebhookConfiguration',
        `webhooks: [{name: a.b.c, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {${config}}}]`,
      ),
    );
  expect(hook('url: "https://a.b/c"')).toEqual([]);
  expect(hook('url: "http://127.0.0.1/"')[0]).toContain("'https' is the only allowed URL scheme");
  expect(hook('')).toEqual(['webhooks[0].clientConfig: Required value: exactly one of url or service is required']);
});

test('webhooks tell what they do beside answering, and which reviews they read', () => {
  const hook = (more: string): string[] =>
    faultsOf(
      object(
        'admissionregistration.k8s.io/v1',
        'MutatingWebhookConfiguration',
        `webhooks: [{name: a.b.c, clientConfig: {url: "https://a.b/c"}, ${more}}]`,
      ),
    );
  expect(hook('')).toEqual([
    'webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun',
    'webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1',
  ]);
  expect(hook('sideEffects: None, admissionReviewVersions: [v2, v2]')).toEqual([
    'webhooks[0].admissionReviewVersions[1]: Invalid value: "v2": duplicate version',
    'webhooks[0].admissionReviewVersions: Invalid value: []string{"v2", "v2"}: must include at least one of v1, v1beta1',
  ]);
});

test('webhooks have full names, known scopes, and services with ports and paths of names', () => {
  const hooks = (kind: string, more: string, service = ''): string[] =>
    faultsOf(
      object(
        'admissionregistration.k8s.io/v1',
        kind,
        `webhooks: [{admissionReviewVersions: [v1], sideEffects: None, clientConfig: {service: {name: svc, namespace: ns${service}}}, ${more}}]`,
      ),
    );
  const validating = (more: string, service?: string) => hooks('ValidatingWebhookConfiguration', more, service);
  expect(validating('name: a.b.c', ', port: 9443, path: /a/b.c/')).toEqual([]);
  expect(validating('name: a.b.C')[0]).toMatch(
    /^webhooks\[0\].name: Invalid value: "a.b.C": a lowercase RFC 1123 subdomain/,
  );
  expect(validating('name: a.b.c', ', port: 70000')).toEqual([
    'webhooks[0].clientConfig.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive',
  ]);
  expect(validating('name: a.b.c', ', path: a')[0]).toContain("must start with a '/'");
  expect(validating('name: a.b.c', ', path: /a//b')[0]).toContain('segment[1] may not be empty');
  expect(validating('name: a.b.c', ', path: /a/B_c')[0]).toContain('segment[1]: a lowercase RFC 1123 subdomain');
  const rule =
    'rules: [{apiGroups: [""], apiVersions: [v1], resources: [pods], operations: [CREATE], scope: Everywhere}]';
  expect(validating(`name: a.b.c, ${rule}`)).toEqual([
    'webhooks[0].rules[0].scope: Unsupported value: "Everywhere": supported values: "*", "Cluster", "Namespaced"',
  ]);
  expect(hooks('MutatingWebhookConfiguration', 'name: a.b.c, reinvocationPolicy: Often')).toEqual([
    'webhooks[0].reinvocationPolicy: Unsupported value: "Often": supported values: "IfNeeded", "Never"',
  ]);
});
