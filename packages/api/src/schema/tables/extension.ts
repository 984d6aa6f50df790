/** What the types of admissionregistration, apiextensions and apiregistration in Kubernetes v1.32 mean beyond their shape: see `rule.ts` for each fact. */
import { keyed, keyedForApply, set, type TypeRules } from './rule.ts';

export const admissionregistration: TypeRules = {
  MatchResources: {
    atomic: true,
    defaults: { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} },
    keepZero: ['matchPolicy'],
  },
  MutatingWebhook: {
    lists: { matchConditions: keyed('name') },
    defaults: {
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      namespaceSelector: {},
      objectSelector: {},
      reinvocationPolicy: 'Never',
      timeoutSeconds: 10,
    },
    keepZero: ['failurePolicy', 'matchPolicy', 'reinvocationPolicy', 'timeoutSeconds'],
  },
  MutatingWebhookConfiguration: { lists: { webhooks: keyed('name') } },
  NamedRuleWithOperations: { atomic: true, defaults: { scope: '*' }, keepZero: ['scope'] },
  ParamKind: { atomic: true },
  ParamRef: { atomic: true, keepZero: ['parameterNotFoundAction'] },
  RuleWithOperations: { defaults: { scope: '*' }, keepZero: ['scope'] },
  ServiceReference: { defaults: { port: 443 }, keepZero: ['path', 'port'] },
  ValidatingAdmissionPolicyBindingSpec: { required: [], lists: { validationActions: set } },
  ValidatingAdmissionPolicySpec: {
    lists: { matchConditions: keyed('name'), variables: keyed('name') },
    defaults: { failurePolicy: 'Fail' },
    keepZero: ['failurePolicy'],
  },
  ValidatingAdmissionPolicyStatus: { lists: { conditions: keyedForApply('type') } },
  ValidatingWebhook: {
    lists: { matchConditions: keyed('name') },
    defaults: {
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      namespaceSelector: {},
      objectSelector: {},
      timeoutSeconds: 10,
    },
    keepZero: ['failurePolicy', 'matchPolicy', 'timeoutSeconds'],
  },
  ValidatingWebhookConfiguration: { lists: { webhooks: keyed('name') } },
  Validation: { keepZero: ['reason'] },
  Variable: { atomic: true },
  WebhookClientConfig: { keepZero: ['url'] },
  ValidatingAdmissionPolicyBinding: { required: [] },
};

export const apiextensions: TypeRules = {
  CustomResourceDefinitionStatus: {
    lists: { conditions: keyedForApply('type') },
    keepZero: ['conditions', 'storedVersions'],
  },
  CustomResourceDefinitionVersion: { keepZero: ['deprecationWarning'] },
  CustomResourceSubresourceScale: { keepZero: ['labelSelectorPath'] },
  JSONSchemaProps: {
    lists: { 'x-kubernetes-validations': keyed('rule') },
    keepZero: [
      '$ref',
      'maxItems',
      'maxLength',
      'maxProperties',
      'maximum',
      'minItems',
      'minLength',
      'minProperties',
      'minimum',
      'multipleOf',
      'x-kubernetes-list-type',
      'x-kubernetes-map-type',
      'x-kubernetes-preserve-unknown-fields',
    ],
  },
  ServiceReference: { defaults: { port: 443 }, keepZero: ['path', 'port'] },
  ValidationRule: { keepZero: ['optionalOldSelf', 'reason'] },
  WebhookClientConfig: { keepZero: ['url'] },
};

export const apiregistration: TypeRules = {
  APIServiceStatus: { lists: { conditions: keyed('type') } },
  ServiceReference: { defaults: { port: 443 }, keepZero: ['port'] },
};
