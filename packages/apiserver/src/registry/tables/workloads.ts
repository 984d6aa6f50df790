/** Rows of kinds that keep pods running from a template. */
import type { JsonObject } from '@skiff/api';
import { numberAt, objectAt, objectsAt, textAt } from '../../patch/values.ts';
import type { Column } from '../contract.ts';
import { selectorText } from '../selectors.ts';
import {
  ageColumn,
  integer,
  labelsText,
  nameColumn,
  specSelector,
  specTemplate,
  templateColumns,
  text,
} from './columns.ts';

const count = (object: JsonObject, ...path: readonly string[]): number => numberAt(object, ...path) ?? 0;
const readyOf = (object: JsonObject): string =>
  `${count(object, 'status', 'readyReplicas')}/${count(object, 'spec', 'replicas')}`;

export const deploymentColumns: readonly Column[] = [
  nameColumn,
  text('Ready', 'Number of the pod with ready state', readyOf),
  text('Up-to-date', 'Pods that have the wanted template.', (object) => count(object, 'status', 'updatedReplicas')),
  text('Available', 'Pods that have been ready for long enough.', (object) =>
    count(object, 'status', 'availableReplicas'),
  ),
  ageColumn,
  // An empty selector reads as nothing here, and as <none> elsewhere.
  ...templateColumns(specTemplate, (object) => selectorText(objectAt(object, 'spec', 'selector'))),
];

const replicaCounts: readonly Column[] = [
  nameColumn,
  integer('Desired', 'Pods wanted.', (object) => count(object, 'spec', 'replicas')),
  integer('Current', 'Pods there are.', (object) => count(object, 'status', 'replicas')),
  integer('Ready', 'Pods that are ready.', (object) => count(object, 'status', 'readyReplicas')),
  ageColumn,
];

export const replicaSetColumns: readonly Column[] = [...replicaCounts, ...templateColumns(specTemplate, specSelector)];

export const replicationControllerColumns: readonly Column[] = [
  ...replicaCounts,
  ...templateColumns(specTemplate, (object) => labelsText(objectAt(object, 'spec', 'selector'))),
];

export const statefulSetColumns: readonly Column[] = [
  nameColumn,
  text('Ready', 'Number of the pod with ready state', readyOf),
  ageColumn,
  ...templateColumns(specTemplate),
];

export const daemonSetColumns: readonly Column[] = [
  nameColumn,
  integer('Desired', 'Nodes that should run the pod.', (object) => count(object, 'status', 'desiredNumberScheduled')),
  integer('Current', 'Nodes that run the pod and should.', (object) =>
    count(object, 'status', 'currentNumberScheduled'),
  ),
  integer('Ready', 'Nodes whose pod is ready.', (object) => count(object, 'status', 'numberReady')),
  integer('Up-to-date', 'Nodes whose pod has the wanted template.', (object) =>
    count(object, 'status', 'updatedNumberScheduled'),
  ),
  integer('Available', 'Nodes whose pod has been ready for long enough.', (object) =>
    count(object, 'status', 'numberAvailable'),
  ),
  text('Node Selector', 'Labels of the nodes the pod may run on.', (object) =>
    labelsText(objectAt(object, 'spec', 'template', 'spec', 'nodeSelector')),
  ),
  ageColumn,
  ...templateColumns(specTemplate, specSelector),
];

const podTemplate = (object: JsonObject): JsonObject | undefined => objectAt(object, 'template');

export const podTemplateColumns: readonly Column[] = [
  nameColumn,
  ...templateColumns(podTemplate).map((column) => ({ ...column, priority: 0 })),
  text('Pod Labels', 'The labels for the pod template.', (object) =>
    labelsText(objectAt(podTemplate(object), 'metadata', 'labels')),
  ),
];

export const controllerRevisionColumns: readonly Column[] = [
  nameColumn,
  text('Controller', 'Controller of the object', (object) => {
    const owner = objectsAt(object, 'metadata', 'ownerReferences').find((each) => each.controller === true);
    if (owner === undefined) return '<none>';
    const [group, version] = textAt(owner, 'apiVersion').split('/');
    const kind = textAt(owner, 'kind') + (version === undefined ? '' : `.${group}`);
    return `${kind.toLowerCase()}/${textAt(owner, 'name')}`;
  }),
  text('Revision', 'The number of this state in the history.', (object) => count(object, 'revision')),
  ageColumn,
];

/** Of the scale subresource of any kind. */
export const scaleColumns: readonly Column[] = [
  nameColumn,
  integer('Desired', 'How many replicas are wanted.', (scale) => count(scale, 'spec', 'replicas')),
  integer('Available', 'How many replicas there are.', (scale) => count(scale, 'status', 'replicas')),
  ageColumn,
];
