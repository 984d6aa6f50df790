/** Which kinds are special. A kind that is not here follows the schema and nothing else. */
import type { Strategy } from '../contract.ts';
import { cronJobs, jobs } from './batch.ts';
import { certificateSigningRequests } from './certificates.ts';
import { secrets } from './configuration.ts';
import { customResourceDefinitions } from './custom-resource-definitions.ts';
import { events } from './events.ts';
import {
  admissionPolicies,
  admissionPolicyBindings,
  apiServices,
  flowControl,
  webhookConfigurations,
} from './extensions.ts';
import { leases } from './leases.ts';
import { namespaces } from './namespaces.ts';
import { nodes } from './nodes.ts';
import { pods } from './pods.ts';
import { services } from './services.ts';
import { standard } from './standard.ts';
import { csiDrivers, persistentVolumeClaims, persistentVolumes, volumeAttachments } from './storage.ts';
import {
  daemonSets,
  deployments,
  podTemplates,
  replicaSets,
  replicationControllers,
  statefulSets,
} from './workloads.ts';

const createsOnUpdate: Strategy = { allowCreateOnUpdate: true };
const requiresVersion: Strategy = { requiresResourceVersion: true };
const countsSpec = standard({ generation: ['spec'] });
const loadBalanced = standard({ status: { loadBalancer: {} }, generation: ['spec'] });

/** By storage group and resource: every version of a resource behaves alike. */
const byResource: ReadonlyMap<string, Strategy> = new Map<string, Strategy>([
  ['/pods', pods],
  ['/podtemplates', podTemplates],
  ['/replicationcontrollers', replicationControllers],
  ['/services', services],
  ['/endpoints', createsOnUpdate],
  ['/limitranges', createsOnUpdate],
  ['/namespaces', namespaces],
  ['/nodes', nodes],
  ['/secrets', secrets],
  ['/serviceaccounts', { returnsDeletedObject: true }],
  ['/events', events],
  ['/persistentvolumes', persistentVolumes],
  ['/persistentvolumeclaims', persistentVolumeClaims],
  ['/resourcequotas', standard({ status: {} }, { ...createsOnUpdate, returnsDeletedObject: true })],
  ['apps/deployments', deployments],
  ['apps/replicasets', replicaSets],
  ['apps/statefulsets', statefulSets],
  ['apps/daemonsets', daemonSets],
  ['batch/jobs', jobs],
  ['batch/cronjobs', cronJobs],
  ['autoscaling/horizontalpodautoscalers', standard({ status: { currentMetrics: null, desiredReplicas: 0 } })],
  ['coordination.k8s.io/leases', leases],
  ['discovery.k8s.io/endpointslices', standard({ generation: ['addressType', 'endpoints', 'ports'] })],
  ['networking.k8s.io/ingresses', loadBalanced],
  ['networking.k8s.io/ingressclasses', countsSpec],
  ['networking.k8s.io/networkpolicies', countsSpec],
  [
    'policy/poddisruptionbudgets',
    standard(
      {
        status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 },
        generation: ['spec'],
      },
      requiresVersion,
    ),
  ],
  ['rbac.authorization.k8s.io/roles', createsOnUpdate],
  ['rbac.authorization.k8s.io/rolebindings', createsOnUpdate],
  ['rbac.authorization.k8s.io/clusterroles', createsOnUpdate],
  ['rbac.authorization.k8s.io/clusterrolebindings', createsOnUpdate],
  ['storage.k8s.io/storageclasses', { returnsDeletedObject: true }],
  ['storage.k8s.io/csidrivers', csiDrivers],
  ['storage.k8s.io/csinodes', { ...requiresVersion, returnsDeletedObject: true }],
  ['storage.k8s.io/volumeattachments', volumeAttachments],
  ['node.k8s.io/runtimeclasses', requiresVersion],
  ['scheduling.k8s.io/priorityclasses', countsSpec],
  ['certificates.k8s.io/certificatesigningrequests', certificateSigningRequests],
  ['apiextensions.k8s.io/customresourcedefinitions', customResourceDefinitions],
  ['apiregistration.k8s.io/apiservices', apiServices],
  ['admissionregistration.k8s.io/mutatingwebhookconfigurations', webhookConfigurations],
  ['admissionregistration.k8s.io/validatingwebhookconfigurations', webhookConfigurations],
  ['admissionregistration.k8s.io/validatingadmissionpolicies', admissionPolicies],
  ['admissionregistration.k8s.io/validatingadmissionpolicybindings', admissionPolicyBindings],
  ['flowcontrol.apiserver.k8s.io/flowschemas', flowControl],
  ['flowcontrol.apiserver.k8s.io/prioritylevelconfigurations', flowControl],
]);

const plain: Strategy = {};

/** What makes the kind stored as `stored` special. */
export function strategyOf(stored: { readonly group: string; readonly resource: string }): Strategy {
  return byResource.get(`${stored.group}/${stored.resource}`) ?? plain;
}
