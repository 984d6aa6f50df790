/** The columns of each kind's table, by the resource it is stored as. */
import type { Column } from '../contract.ts';
import { horizontalPodAutoscalerColumns } from './autoscalers.ts';
import { cronJobColumns, jobColumns } from './batch.ts';
import { componentStatusColumns, leaseColumns, namespaceColumns, nodeColumns } from './cluster.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { configMapColumns, resourceQuotaColumns, secretColumns, serviceAccountColumns } from './configuration.ts';
import { eventColumns } from './events.ts';
import {
  admissionPolicyBindingColumns,
  admissionPolicyColumns,
  apiServiceColumns,
  customResourceDefinitionColumns,
  flowSchemaColumns,
  priorityLevelColumns,
  webhookColumns,
} from './extensions.ts';
import { metricsColumns } from './metrics.ts';
import { podColumns } from './pods.ts';
import {
  certificateSigningRequestColumns,
  createdAtColumns,
  podDisruptionBudgetColumns,
  priorityClassColumns,
  roleBindingColumns,
  runtimeClassColumns,
} from './policy.ts';
import {
  endpointSliceColumns,
  endpointsColumns,
  ingressClassColumns,
  ingressColumns,
  networkPolicyColumns,
  serviceColumns,
} from './services.ts';
import {
  csiDriverColumns,
  csiNodeColumns,
  csiStorageCapacityColumns,
  persistentVolumeClaimColumns,
  persistentVolumeColumns,
  storageClassColumns,
  volumeAttachmentColumns,
} from './storage.ts';
import {
  controllerRevisionColumns,
  daemonSetColumns,
  deploymentColumns,
  podTemplateColumns,
  replicaSetColumns,
  replicationControllerColumns,
  statefulSetColumns,
} from './workloads.ts';

const byResource: ReadonlyMap<string, readonly Column[]> = new Map([
  ['/pods', podColumns],
  ['/podtemplates', podTemplateColumns],
  ['/replicationcontrollers', replicationControllerColumns],
  ['/services', serviceColumns],
  ['/endpoints', endpointsColumns],
  ['/namespaces', namespaceColumns],
  ['/nodes', nodeColumns],
  ['/configmaps', configMapColumns],
  ['/secrets', secretColumns],
  ['/serviceaccounts', serviceAccountColumns],
  ['/limitranges', createdAtColumns],
  ['/resourcequotas', resourceQuotaColumns],
  ['/events', eventColumns],
  ['/persistentvolumes', persistentVolumeColumns],
  ['/persistentvolumeclaims', persistentVolumeClaimColumns],
  ['/componentstatuses', componentStatusColumns],
  ['apps/deployments', deploymentColumns],
  ['apps/replicasets', replicaSetColumns],
  ['apps/statefulsets', statefulSetColumns],
  ['apps/daemonsets', daemonSetColumns],
  ['apps/controllerrevisions', controllerRevisionColumns],
  ['batch/jobs', jobColumns],
  ['batch/cronjobs', cronJobColumns],
  ['autoscaling/horizontalpodautoscalers', horizontalPodAutoscalerColumns],
  ['coordination.k8s.io/leases', leaseColumns],
  ['discovery.k8s.io/endpointslices', endpointSliceColumns],
  ['networking.k8s.io/ingresses', ingressColumns],
  ['networking.k8s.io/ingressclasses', ingressClassColumns],
  ['networking.k8s.io/networkpolicies', networkPolicyColumns],
  ['policy/poddisruptionbudgets', podDisruptionBudgetColumns],
  ['rbac.authorization.k8s.io/roles', createdAtColumns],
  ['rbac.authorization.k8s.io/clusterroles', createdAtColumns],
  ['rbac.authorization.k8s.io/rolebindings', roleBindingColumns],
  ['rbac.authorization.k8s.io/clusterrolebindings', roleBindingColumns],
  ['storage.k8s.io/storageclasses', storageClassColumns],
  ['storage.k8s.io/csidrivers', csiDriverColumns],
  ['storage.k8s.io/csinodes', csiNodeColumns],
  ['storage.k8s.io/csistoragecapacities', csiStorageCapacityColumns],
  ['storage.k8s.io/volumeattachments', volumeAttachmentColumns],
  ['node.k8s.io/runtimeclasses', runtimeClassColumns],
  ['scheduling.k8s.io/priorityclasses', priorityClassColumns],
  ['certificates.k8s.io/certificatesigningrequests', certificateSigningRequestColumns],
  ['apiextensions.k8s.io/customresourcedefinitions', customResourceDefinitionColumns],
  ['apiregistration.k8s.io/apiservices', apiServiceColumns],
  ['admissionregistration.k8s.io/mutatingwebhookconfigurations', webhookColumns],
  ['admissionregistration.k8s.io/validatingwebhookconfigurations', webhookColumns],
  ['admissionregistration.k8s.io/validatingadmissionpolicies', admissionPolicyColumns],
  ['admissionregistration.k8s.io/validatingadmissionpolicybindings', admissionPolicyBindingColumns],
  ['metrics.k8s.io/nodes', metricsColumns],
  ['metrics.k8s.io/pods', metricsColumns],
  ['flowcontrol.apiserver.k8s.io/flowschemas', flowSchemaColumns],
  ['flowcontrol.apiserver.k8s.io/prioritylevelconfigurations', priorityLevelColumns],
]);

/** Name and age: what a kind shows when nobody said more. */
export const defaultColumns: readonly Column[] = [nameColumn, ageColumn];

/** The columns of what is stored as `stored`. */
export function columnsOf(stored: { readonly group: string; readonly resource: string }): readonly Column[] {
  return byResource.get(`${stored.group}/${stored.resource}`) ?? defaultColumns;
}
