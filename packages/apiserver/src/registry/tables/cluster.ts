/** Rows of nodes, namespaces, leases and component statuses. */
import type { JsonObject } from '@skiff/api';
import { objectAt, objectsAt, own, textAt } from '../../patch/values.ts';
import type { Column } from '../contract.ts';
import { ageColumn, nameColumn, text, wideText } from './columns.ts';

const rolePrefix = 'node-role.kubernetes.io/';

function nodeStatus(node: JsonObject): string {
  const ready = objectsAt(node, 'status', 'conditions').find((condition) => textAt(condition, 'type') === 'Ready');
  const first = ready === undefined ? 'Unknown' : textAt(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
  const cordoned = own(objectAt(node, 'spec') ?? {}, 'unschedulable') === true;
  return cordoned ? `${first},SchedulingDisabled` : first;
}

function nodeRoles(node: JsonObject): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(objectAt(node, 'metadata', 'labels') ?? {})) {
    if (key.startsWith(rolePrefix) && key !== rolePrefix) roles.add(key.slice(rolePrefix.length));
    if (key === 'kubernetes.io/role' && typeof value === 'string' && value !== '') roles.add(value);
  }
  return [...roles].sort().join(',') || '<none>';
}

const addressOf = (node: JsonObject, type: string): string =>
  textAt(
    objectsAt(node, 'status', 'addresses').find((address) => textAt(address, 'type') === type),
    'address',
  ) || '<none>';

const nodeInfo = (node: JsonObject, key: string): string => textAt(node, 'status', 'nodeInfo', key);

export const nodeColumns: readonly Column[] = [
  nameColumn,
  text('Status', 'The status of the node', nodeStatus),
  text('Roles', 'The roles of the node', nodeRoles),
  ageColumn,
  text('Version', 'Version the node agent reports.', (node) => nodeInfo(node, 'kubeletVersion')),
  wideText('Internal-IP', 'The address inside the cluster.', (node) => addressOf(node, 'InternalIP')),
  wideText('External-IP', 'The address for use from outside.', (node) => addressOf(node, 'ExternalIP')),
  wideText('OS-Image', 'The operating system.', (node) => nodeInfo(node, 'osImage') || '<unknown>'),
  wideText('Kernel-Version', 'The kernel.', (node) => nodeInfo(node, 'kernelVersion') || '<unknown>'),
  wideText(
    'Container-Runtime',
    'The container runtime and its version.',
    (node) => nodeInfo(node, 'containerRuntimeVersion') || '<unknown>',
  ),
];

export const namespaceColumns: readonly Column[] = [
  nameColumn,
  text('Status', 'The status of the namespace', (object) => textAt(object, 'status', 'phase')),
  ageColumn,
];

export const leaseColumns: readonly Column[] = [
  nameColumn,
  text('Holder', 'Who holds the lease.', (object) => textAt(object, 'spec', 'holderIdentity')),
  ageColumn,
];

const healthOf = (object: JsonObject): JsonObject | undefined =>
  objectsAt(object, 'conditions').find((condition) => textAt(condition, 'type') === 'Healthy');

export const componentStatusColumns: readonly Column[] = [
  nameColumn,
  text('Status', 'Status of the component conditions', (object) => {
    const health = healthOf(object);
    return health === undefined ? 'Unknown' : textAt(health, 'status') === 'True' ? 'Healthy' : 'Unhealthy';
  }),
  text('Message', 'Message of the component conditions', (object) => textAt(healthOf(object), 'message')),
  text('Error', 'Error of the component conditions', (object) => textAt(healthOf(object), 'error')),
];
