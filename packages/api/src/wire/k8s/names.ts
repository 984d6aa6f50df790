/** Where Kubernetes' JSON and its messages are named or nested differently. */

/**
 * Message fields that JSON flattens into the object around them (Go's `json:",inline"`), as message to field.
 * Their members are members of the outer object.
 */
export const inlined: Readonly<Record<string, string>> = {
  'k8s.io.api.core.v1.ConfigMapEnvSource': 'localObjectReference',
  'k8s.io.api.core.v1.ConfigMapKeySelector': 'localObjectReference',
  'k8s.io.api.core.v1.ConfigMapProjection': 'localObjectReference',
  'k8s.io.api.core.v1.ConfigMapVolumeSource': 'localObjectReference',
  'k8s.io.api.core.v1.EphemeralContainer': 'ephemeralContainerCommon',
  'k8s.io.api.core.v1.PersistentVolumeSpec': 'persistentVolumeSource',
  'k8s.io.api.core.v1.Probe': 'handler',
  'k8s.io.api.core.v1.SecretEnvSource': 'localObjectReference',
  'k8s.io.api.core.v1.SecretKeySelector': 'localObjectReference',
  'k8s.io.api.core.v1.SecretProjection': 'localObjectReference',
  'k8s.io.api.core.v1.Volume': 'volumeSource',
  'k8s.io.api.networking.v1.IngressRule': 'ingressRuleValue',
  'k8s.io.api.admissionregistration.v1.NamedRuleWithOperations': 'ruleWithOperations',
  'k8s.io.api.admissionregistration.v1.RuleWithOperations': 'rule',
};

const admission = 'k8s.io.api.admissionregistration.v1';

/** Fields whose JSON name is not the message's, as message to field to JSON name. */
export const renamed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'k8s.io.api.authentication.v1.BoundObjectReference': { uID: 'uid' },
  'k8s.io.api.networking.v1.IngressClassParametersReference': { aPIGroup: 'apiGroup' },
  [`${admission}.MutatingWebhookConfiguration`]: { Webhooks: 'webhooks' },
  [`${admission}.ValidatingWebhookConfiguration`]: { Webhooks: 'webhooks' },
  [`${admission}.Validation`]: { Expression: 'expression' },
  [`${admission}.Variable`]: { Name: 'name', Expression: 'expression' },
  'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps': {
    schema: '$schema',
    ref: '$ref',
    xKubernetesPreserveUnknownFields: 'x-kubernetes-preserve-unknown-fields',
    xKubernetesEmbeddedResource: 'x-kubernetes-embedded-resource',
    xKubernetesIntOrString: 'x-kubernetes-int-or-string',
    xKubernetesListMapKeys: 'x-kubernetes-list-map-keys',
    xKubernetesListType: 'x-kubernetes-list-type',
    xKubernetesMapType: 'x-kubernetes-map-type',
    xKubernetesValidations: 'x-kubernetes-validations',
  },
};
