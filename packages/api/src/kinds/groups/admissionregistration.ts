import type { Definition } from '../../definition.ts';
import { groupVersion, status } from '../define.ts';

const admission = groupVersion('admissionregistration.k8s.io', 'v1', 'io.k8s.api.admissionregistration.v1');

const shown = { clusterScoped: true, categories: ['api-extensions'] } as const;

/** admissionregistration.k8s.io/v1. */
export const admissionregistrationKinds: readonly Definition[] = [
  admission('MutatingWebhookConfiguration', 'mutatingwebhookconfigurations', shown),
  admission('ValidatingAdmissionPolicy', 'validatingadmissionpolicies', { ...shown, subresources: [status] }),
  admission('ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings', shown),
  admission('ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', shown),
];
