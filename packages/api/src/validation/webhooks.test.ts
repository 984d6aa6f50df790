import { expect, test } from 'vitest';
import { faultsOf } from './testing.ts';
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
