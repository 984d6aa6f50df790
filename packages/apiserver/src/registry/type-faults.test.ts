import { expect, test } from 'vitest';
import { typeFault, unrecognised } from './type-faults.ts';

const pod = { group: '', version: 'v1', kind: 'Pod' };
const deployment = { group: 'apps', version: 'v1', kind: 'Deployment' };
const definition = { group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition' };
const scheme = 'in scheme "pkg/api/legacyscheme/scheme.go:30"';

test.each<[typeof pod, string, string, string | undefined]>([
  [pod, '', '', undefined],
  [pod, 'v1', 'Pod', undefined],
  [pod, '/', 'Pod', undefined],
  [deployment, 'apps/', '', undefined],
  [
    pod,
    '',
    'Nope',
    `Nope in version "v1" cannot be handled as a Pod: no kind "Nope" is registered for version "v1" ${scheme}`,
  ],
  [
    pod,
    'v9',
    '',
    `Pod in version "v9" cannot be handled as a Pod: no kind "Pod" is registered for version "v9" ${scheme}`,
  ],
  [
    pod,
    'v1',
    'Service',
    'Service in version "v1" cannot be handled as a Pod: converting (v1.Service) to (core.Pod): unknown conversion',
  ],
  [
    pod,
    'v1',
    'PodList',
    'PodList in version "v1" cannot be handled as a Pod: converting (v1.PodList) to (core.Pod): unknown conversion',
  ],
  [
    pod,
    'v1',
    'List',
    'List in version "v1" cannot be handled as a Pod: converting (v1.List) to (core.Pod): unknown conversion',
  ],
  [
    pod,
    'v1',
    'Status',
    'Status in version "v1" cannot be handled as a Pod: converting (v1.Status) to (core.Pod): unknown conversion',
  ],
  [
    pod,
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    'HorizontalPodAutoscaler in version "v2" cannot be handled as a Pod: converting (v2.HorizontalPodAutoscaler) to (core.Pod): unknown conversion',
  ],
  [
    deployment,
    'autoscaling/v2',
    'DeleteOptions',
    'DeleteOptions in version "v2" cannot be handled as a Deployment: converting (v1.DeleteOptions) to (apps.Deployment): unknown conversion',
  ],
  [
    deployment,
    'apps/v1beta1',
    '',
    'the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)',
  ],
  [
    deployment,
    'extensions/v1beta1',
    '',
    'the API version in the data (extensions/v1beta1) does not match the expected API version (apps/v1)',
  ],
  [
    deployment,
    'apps/v9',
    'Deployment',
    `Deployment in version "v9" cannot be handled as a Deployment: no kind "Deployment" is registered for version "apps/v9" ${scheme}`,
  ],
  [
    definition,
    'v1',
    'Service',
    'Service in version "v1" cannot be handled as a CustomResourceDefinition: no kind "Service" is registered for version "v1" in scheme "k8s.io/apiextensions-apiserver/pkg/apiserver/apiserver.go:53"',
  ],
  [
    definition,
    'apiextensions.k8s.io/v1beta1',
    '',
    'the API version in the data (apiextensions.k8s.io/v1beta1) does not match the expected API version (apiextensions.k8s.io/v1)',
  ],
])('of %j, %j %j is refused as %j', (shown, version, kind, message) => {
  expect(typeFault(shown, version, kind)?.refusal.message).toBe(message);
});

test.each<[string | Uint8Array, string]>([
  ['', '<empty>'],
  [new Uint8Array(), '<empty>'],
  ['{"a":1', '{"a":1'],
  [Buffer.from(`{"a":"${'x'.repeat(40)}"}`), `{"a":"${'x'.repeat(24)} ...`],
  ['nope', '6e6f7065'],
  ['\ufeff{}', 'efbbbf7b7d'],
  [Buffer.from('é'.repeat(16)), `${'c3a9'.repeat(15)} ...`],
  ['é'.repeat(16), `${'c3a9'.repeat(15)} ...`],
])('a body %j is shown as %s', (body, shown) => {
  expect(unrecognised('Pod', 'why', body).message).toBe(
    `the object provided is unrecognized (must be of type Pod): why (${shown})`,
  );
});
