import type { Definition } from '../../definition.ts';
import { groupVersion, status } from '../define.ts';

const extensions = groupVersion(
  'apiextensions.k8s.io',
  'v1',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
);
const registration = groupVersion('apiregistration.k8s.io', 'v1', 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1');

/** apiextensions.k8s.io/v1. */
export const apiextensionsKinds: readonly Definition[] = [
  extensions('CustomResourceDefinition', 'customresourcedefinitions', {
    clusterScoped: true,
    shortNames: ['crd', 'crds'],
    categories: ['api-extensions'],
    subresources: [status],
  }),
];

/** apiregistration.k8s.io/v1. */
export const apiregistrationKinds: readonly Definition[] = [
  registration('APIService', 'apiservices', {
    clusterScoped: true,
    categories: ['api-extensions'],
    subresources: [status],
  }),
];
